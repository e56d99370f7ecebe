"""Generations of the key of look-ups: the newest for what is written, all in use for what is looked for.

Whoever computes such a hash keeps the list as it is until his transaction ends. So a rotation begins and ends
when nobody is between reading the list and acting on it, and nobody misses what another has just moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, text

from city.privacy.tables import generations as table

FIRST: Final = ""  # made with the first key of all: the root of all keyed hashes
# Any number, the same in every process of ours. SQLite lets one writer in anyhow.
_SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(4950133)")
_ALONE: Final = text("SELECT pg_advisory_xact_lock(4950133)")
_PATIENCE: Final = text("SET LOCAL lock_timeout = '2s'")  # those who come behind us wait as long


def used(tx: Connection) -> Sequence[str]:
    """Generations in use, the newest first; they stay so until the transaction ends."""
    if tx.dialect.name != "sqlite":
        tx.execute(_SHARED)
    return named(tx)


def named(tx: Connection) -> Sequence[str]:
    """The same to look at."""
    found = tx.execute(select(table.c.id).order_by(table.c.number.desc())).scalars().all()
    return found or (FIRST,)


def alone(tx: Connection) -> None:
    """Wait for all who use the list, and keep others out until the transaction ends. Raises Unavailable."""
    if tx.dialect.name != "sqlite":
        tx.execute(_PATIENCE)
        tx.execute(_ALONE)


def promote(tx: Connection, generation: str, now: int) -> None:
    """Make another generation the newest; `alone` comes before."""
    last = tx.execute(select(func.max(table.c.number))).scalar()
    if last is None:
        last = 1
        tx.execute(insert(table).values(id=FIRST, number=last, since=now))
    tx.execute(insert(table).values(id=generation, number=last + 1, since=now))


def end(tx: Connection, generation: str) -> None:
    """Take a generation out of use: nothing is found by it any more; `alone` comes before."""
    tx.execute(delete(table).where(table.c.id == generation))


def since(tx: Connection) -> dict[str, int]:
    """When each generation in use became the newest, µs UTC."""
    return {row.id: row.since for row in tx.execute(select(table.c.id, table.c.since))}
