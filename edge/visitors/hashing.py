"""A visitor becomes a number: with the day's key always the same one, without it any."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from contracts.sketches import Subject
from runtime.memory import Locked

_PURPOSE: Final = b"imm-visitors"  # a key used for something else would give other numbers
_BYTES: Final = 8  # of a number: of 100,000 visitors no two meet


class Hasher:
    """One key. It is kept in locked memory, and once more inside the hash's own state."""

    def __init__(self, secret: bytes) -> None:
        self._locked = Locked(secret)
        with self._locked.view() as view:
            self._begun: Any = hashlib.blake2b(key=view, digest_size=_BYTES, person=_PURPOSE)

    def number(self, subject: Subject, identity: bytes) -> int:
        """What a sketch counts in the visitor's place. Raises ValueError once the key is forgotten."""
        if self._begun is None:  # without a key a hash would be no secret at all
            raise ValueError("the site key is forgotten")
        hashed = self._begun.copy()
        hashed.update(subject.value.encode() + b"\0" + identity)
        return int.from_bytes(hashed.digest(), "little", signed=True)

    def wipe(self) -> None:
        """Forget the key, as far as Python lets us."""
        self._locked.wipe()
        self._begun = None
