"""Passwords: Argon2id, few at once, hashed anew when the parameters change."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, select, update

from city.db import Database
from city.identity import rows
from city.identity.errors import Busy
from city.identity.settings import Passwords as Limits
from city.identity.tables.factors import passwords
from contracts.errors import Refused

_LONGEST: Final = 200  # characters: longer only costs time
_DIFFERENT: Final = 5  # signs in a password


class Hasher:
    """Hashes and verifies; its memory is bounded by how many work at once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._argon = PasswordHasher(
            time_cost=limits.passes, memory_cost=limits.memory, parallelism=limits.lanes, type=Type.ID
        )
        self._places = threading.BoundedSemaphore(limits.at_once)
        self._nobody: str | None = None
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """Password → hash with its parameters. Raises Busy."""
        with self._place():
            return self._argon.hash(_composed(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; takes as long where there is none. Raises Busy."""
        with self._place():
            try:
                self._argon.verify(kept or self._dummy(), _composed(password))
            except (VerificationError, InvalidHashError):
                return False
            return kept is not None

    def old(self, kept: str) -> bool:
        """Whether a hash was made with other parameters."""
        return self._argon.check_needs_rehash(kept)

    def fit(self, password: str, *, login: str = "") -> None:
        """Make sure that it may be somebody's password. Raises Refused, which does not show it."""
        composed = _composed(password)
        if len(composed) < self._limits.shortest:
            raise Refused("password", "(hidden)", f"at least {self._limits.shortest} characters")
        if len(composed) > _LONGEST:
            raise Refused("password", "(hidden)", f"at most {_LONGEST} characters")
        if len(set(composed)) < _DIFFERENT or (login and login in composed.lower()):
            raise Refused("password", "(hidden)", "it is too easy to guess")

    def _dummy(self) -> str:
        """Hash of something that nobody has, made once."""
        with self._lock:
            if self._nobody is None:
                self._nobody = self._argon.hash(secrets.token_urlsafe())
            return self._nobody

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=self._limits.wait):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


def kept(tx: Connection, person: str) -> str | None:
    """Hash of a person's password, None where he has none."""
    return tx.execute(select(passwords.c.hash).where(passwords.c.person == person)).scalar_one_or_none()


def keep(db: Database, tx: Connection, person: str, hashed: str, now: int) -> None:
    """Set a person's password."""
    row = {"person": person, "hash": hashed, "changed": now}
    if not rows.add(db, tx, passwords, row):
        tx.execute(update(passwords).where(passwords.c.person == person).values(hash=hashed, changed=now))


def exchange(tx: Connection, person: str, old: str, new: str) -> None:
    """Put a hash with today's parameters in the place of the one that was verified."""
    mine = (passwords.c.person == person) & (passwords.c.hash == old)
    tx.execute(update(passwords).where(mine).values(hash=new))


def _composed(password: str) -> str:
    return unicodedata.normalize("NFKC", password[: 5 * _LONGEST])
