"""How far each consumer has come, and the events that it could not take."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from city.db import Database, new_or_nothing
from city.errors import LeaseLost
from city.outbox.tables import cursors, failures
from runtime.logs import clean


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Place of one consumer."""

    consumer: str
    position: int = 0  # of the newest event that it is done with
    attempts: int = 0  # failures of the next event so far
    not_before: int = 0  # µs UTC; the next event waits until then
    last_error: str = ""
    changed: int = 0  # µs UTC


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a consumer failed to take again and again, so that the next one had its turn."""

    id: int
    consumer: str
    position: int
    type: str  # without the platform's prefix
    event: str  # CloudEvent in JSON
    attempts: int
    error: str
    parked: int  # µs UTC


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


def park(tx: Connection, row: Row[Any], cursor: Cursor) -> None:
    """Keep an event (row of the outbox) that the cursor's consumer could not take, with the reason."""
    tx.execute(
        insert(failures).values(
            consumer=cursor.consumer,
            position=row.position,
            type=row.type,
            event=row.event,
            attempts=cursor.attempts,
            error=cursor.last_error,
            parked=cursor.changed,
        )
    )


def list_cursors(db: Database) -> list[Cursor]:
    """All cursors by name, those of consumers that are switched off too."""
    with db.read() as tx:
        return [_cursor(row) for row in tx.execute(select(cursors).order_by(cursors.c.consumer))]


def list_parked(db: Database, *, after: int = 0, limit: int = 100, consumer: str = "") -> list[Parked]:
    """Parked events in order of their id, a page at a time."""
    query = select(failures).where(failures.c.id > after).order_by(failures.c.id).limit(limit)
    if consumer:
        query = query.where(failures.c.consumer == consumer)
    with db.read() as tx:
        return [_parked(row) for row in tx.execute(query)]


def count_parked(db: Database) -> dict[str, int]:
    """Parked events by consumer."""
    query = select(failures.c.consumer, func.count().label("events")).group_by(failures.c.consumer)
    with db.read() as tx:
        return {row.consumer: row.events for row in tx.execute(query)}


def told(error: BaseException) -> str:
    """Error → one line for tables and logs."""
    return clean(f"{type(error).__name__}: {error}", 500)


def _cursor(row: Row[Any]) -> Cursor:
    return Cursor(**row._asdict())


def _parked(row: Row[Any]) -> Parked:
    return Parked(**row._asdict())
