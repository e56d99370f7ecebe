"""Messages that were refused, kept with the reason until they are replayed or deleted."""

from __future__ import annotations

from typing import Protocol

from store.sink import DeadLetter


class DeadLetters(Protocol):
    """Calls block: use a thread. Raises the store's errors. New ones come through the sink."""

    def list(self, *, after: str = "", limit: int = 100, replayed: bool = False) -> list[DeadLetter]:
        """A page in order of id, oldest first; those replayed already only where asked for."""
        ...

    def get(self, letter: str) -> DeadLetter:
        """One dead letter. Raises LookupError."""
        ...

    def count(self) -> int:
        """How many wait for a decision."""
        ...

    def delete(self, letter: str) -> None:
        """Give one up for good. Raises LookupError."""
        ...
