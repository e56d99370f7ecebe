"""What stops ingest. Bad input never does: it becomes a dead letter."""

from __future__ import annotations


class Failure(Exception):
    """Root of ingest's errors."""


class Stopped(Failure):
    """The store is gone for good; the process must end and be started again. Nothing unreceipted is lost."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"ingest cannot go on: {reason}. Look at the store, then start ingest again.")


class Unreplayable(Failure):
    """A dead letter that would be refused again, or that was cut when it was kept."""

    def __init__(self, letter: str, reason: str) -> None:
        self.letter = letter
        self.reason = reason
        super().__init__(f"dead letter {letter} cannot be replayed: {reason}")
