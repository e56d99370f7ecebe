"""What analytics raises."""

from __future__ import annotations

from pathlib import Path


class Error(Exception):
    """Root of analytics' errors."""


class Wrong(Error):
    """A rule file that cannot be used: correct it at `line` (counted from 1) and load it again."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{line}: {reason}")
