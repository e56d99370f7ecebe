"""Small durable values by key: detector state, cursors."""

from __future__ import annotations

from typing import Protocol


class State(Protocol):
    """Calls block: use a thread. Raises the store's errors."""

    def get(self, key: str) -> bytes | None:
        """Value, or None where there is none."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Replace the value; durable when it returns."""
        ...
