"""Shared by the trail's tests: entries, chains of seals, and what a tamperer does."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

import city.audit.history
import city.history
from city.audit import CITY, Entry, Trail, Witness
from city.audit.verify import Report, verify
from city.db import Database
from runtime.clock import Clock, Fake

HISTORIES = (city.history.HISTORY, city.audit.history.HISTORY)
TRIGGERS = {
    "audit_entries": ("audit_entries_fixed", "audit_entries_kept"),
    "audit_seals": ("audit_seals_fixed", "audit_seals_kept"),
}


def sign(message: bytes) -> bytes:
    return hmac.digest(b"a key that no database holds", message, hashlib.sha256)


def entry(number: int = 1, **changes: object) -> Entry:
    known: dict[str, object] = {
        "by": "p-1",
        "action": "viewed",
        "kind": "identity.person",
        "record": f"r-{number}",
        "fields": ("name", "phone"),
        "why": f"request {number}",
        "unit": "kesambi",
        "request": f"q-{number}",
    }
    return Entry(**(known | changes))  # type: ignore[arg-type]


def note(db: Database, clock: Clock, count: int, *, chain: str = CITY, first: int = 1) -> None:
    trail = Trail(clock=clock, chain=chain)
    with db.begin() as tx:
        trail.note(tx, *(entry(number, why="") for number in range(first, first + count)))


def report(db: Database, folder: Path, chain: str = CITY, *, signed: bool = False) -> Report:
    witness = Witness(folder, chain, clock=Fake())
    return verify(db, chain, witness, sign=sign if signed else None)


@contextmanager
def tampering(db: Database) -> Iterator[Connection]:
    """A transaction of someone who owns the database and takes the triggers away first."""
    with db.begin() as tx:
        for table, names in TRIGGERS.items():
            if db.lite:
                for name in names:
                    tx.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            else:
                tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield tx
