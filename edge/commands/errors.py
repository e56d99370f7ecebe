"""What a handler says where it cannot, and what can go wrong with the journal."""

from __future__ import annotations

from pathlib import Path


class Failure(Exception):
    """Root of this package's errors."""


class Refusal(Failure):
    """Raised by a handler before it has done anything: this device cannot or may not. `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unkept(Failure):
    """The journal takes nothing: what cannot be kept is not begun. Free space on the device's disk."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} takes no more: {reason}: free space on the disk")
