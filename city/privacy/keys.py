"""The port to whoever holds the key-encryption keys: a file here, a key service elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Keys(Protocol):
    """Wraps data keys and computes keyed hashes; a key-encryption key never leaves it."""

    where: Path  # for people, in messages

    def known(self) -> Mapping[str, int]:
        """Keys at hand: id → µs UTC at which it was made, oldest first. Raises BadKeys."""
        ...

    def wrap(self, key: str, plain: bytes, place: bytes) -> bytes:
        """Encrypt a data key for its place. Raises KeyMissing."""
        ...

    def unwrap(self, key: str, wrapped: bytes, place: bytes) -> bytes:
        """Decrypt a data key. Raises KeyMissing, Unsealed."""
        ...

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Keyed hash of 32 bytes, by a key of the purpose's own. It outlives the rotation of keys."""
        ...

    def make(self) -> str:
        """Make another key, durably, and the first time the key of `mac`; its id."""
        ...

    def drop(self, key: str) -> None:
        """Destroy a key. What it wrapped is lost."""
        ...
