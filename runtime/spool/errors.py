"""What the spool raises; no error of SQLite leaks."""

from __future__ import annotations

from pathlib import Path


class Error(Exception):
    """Root of the spool's errors."""


class Full(Error):
    """The disk is full or fails: what was to be appended counts as lost, declared once there is space."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"the disk that holds {path} takes no more ({reason}): free space there, then go on")


class Busy(Error):
    """Another process holds the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is held by another process: stop it, or give this one a spool of its own")


class Unusable(Error):
    """The file is no spool that this version can read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path} cannot be used as a spool ({reason}): move it away or name another file")
