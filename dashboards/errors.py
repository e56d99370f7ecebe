"""What can go wrong while boards are built."""

from __future__ import annotations

from pathlib import Path


class Failure(Exception):
    """Root of this package's errors."""


class Wrong(Failure):
    """A rule file that limits cannot be drawn from: correct it (`path`, `reason`)."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")
