"""Frames as content-addressed files with retention."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from contracts.frames import Header
from contracts.topics import Device


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One kept frame."""

    device: Device
    content_type: str
    size: int  # bytes
    header: Header


class Frames(Protocol):
    """Calls block: use a thread."""

    def put(self, device: Device, header: Header, payload: bytes, content_type: str) -> Path:
        """Keep a frame; durable when it returns; twice is the same as once. Raises Refused where the digest is wrong."""
        ...
