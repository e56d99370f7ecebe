"""The port to whoever holds the key-encryption keys: a file here, a key service elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Keys(Protocol):
    """Wraps data keys and computes keyed hashes; a key-encryption key never leaves it."""

    @property
    def where(self) -> Path | str:
        """For people, in messages."""
        ...

    def known(self) -> Mapping[str, int]:
        """Keys at hand: id → µs UTC at which it was made, oldest first. Raises BadKeys."""
        ...

    def wrap(self, key: str, plain: bytes, place: bytes) -> bytes:
        """Encrypt a data key for its place. Raises KeyMissing."""
        ...

    def unwrap(self, key: str, wrapped: bytes, place: bytes) -> bytes:
        """Decrypt a data key. Raises KeyMissing, Unsealed."""
        ...

    def mac(self, purpose: str, message: bytes, *, generation: str = "") -> bytes:
        """Keyed hash of 32 bytes, by a key of the purpose's own. Raises KeyMissing, BadKeys.

        `generation`: of the keys of look-ups; empty: the root, which outlives the rotation of keys.
        """
        ...

    def generations(self) -> Mapping[str, int]:
        """Further generations of the key of look-ups: id → µs UTC, oldest first. Raises BadKeys."""
        ...

    def generate(self) -> str:
        """Make another generation, durably; its id."""
        ...

    def make(self) -> str:
        """Make another key, durably, and the first time the key of `mac`; its id."""
        ...

    def drop(self, key: str) -> None:
        """Destroy a key, or a generation. What it wrapped is lost, and what was found by it."""
        ...
