"""A fault of ours, told by its place: its words may repeat what a client sent."""

from __future__ import annotations

import traceback


def place(error: Exception) -> str:
    """Kind of the fault, and the lines that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = " < ".join(f"{one.filename.rpartition('/')[2]}:{one.lineno}" for one in reversed(frames[-4:]))
    return f"a fault of ours: {type(error).__name__} at {lines}"
