"""How far each consumer has come."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from city.db import Database, new_or_nothing
from city.errors import LeaseLost
from city.outbox.tables import cursors


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Place of one consumer."""

    consumer: str
    position: int = 0  # of the newest event that it is done with
    attempts: int = 0  # failures of the next event so far
    not_before: int = 0  # µs UTC; the next event waits until then
    last_error: str = ""
    changed: int = 0  # µs UTC


def start(db: Database, consumer: str, now: int) -> Cursor:
    """Cursor of a consumer; a new one starts at the oldest event that is kept."""
    fresh = msgspec.structs.asdict(Cursor(consumer=consumer, changed=now))
    with db.begin() as tx:
        tx.execute(new_or_nothing(db, cursors), fresh)
        return _cursor(tx.execute(select(cursors).where(cursors.c.consumer == consumer)).one())


def move(tx: Connection, old: Cursor, new: Cursor) -> None:
    """Move a cursor on. Raises LeaseLost where another process has moved it, which undoes all."""
    values = msgspec.structs.asdict(new)
    mine = (cursors.c.consumer == old.consumer) & (cursors.c.position == old.position)
    if tx.execute(update(cursors).where(mine).values(values)).rowcount != 1:
        raise LeaseLost(f"cursor of {old.consumer}", "another process")


def list_cursors(db: Database) -> list[Cursor]:
    """All cursors by name, those of consumers that are switched off too."""
    with db.read() as tx:
        return [_cursor(row) for row in tx.execute(select(cursors).order_by(cursors.c.consumer))]


def _cursor(row: Row[Any]) -> Cursor:
    return Cursor(**row._asdict())
