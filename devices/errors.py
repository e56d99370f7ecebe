"""What can be wrong with the fleet's description."""

from __future__ import annotations

from pathlib import Path


class Failure(Exception):
    """Root of this package's errors."""


class BadRoster(Failure):
    """The roster file cannot be used. Not retryable: mend `path` where `reason` says."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"roster {path}: {reason}")
