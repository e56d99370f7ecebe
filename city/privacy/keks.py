"""Which key-encryption key new records are wrapped with: the database tells it, so all processes agree."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from city.db import Database, new_or_nothing
from city.privacy import generations
from city.privacy.errors import KeyMissing
from city.privacy.keys import Keys
from city.privacy.tables import keks, records
from runtime.clock import Clock


def current(tx: Connection) -> str:
    """Id of the key for new records; empty before the first start."""
    query = select(keks.c.id).order_by(keks.c.number.desc()).limit(1)
    return tx.execute(query).scalar_one_or_none() or ""


def prepare(db: Database, keys: Keys, clock: Clock) -> str:
    """Make sure at a start that there is a current key, at hand; its id. Raises KeyMissing, BadKeys.

    The first start of all makes one. A database that names a key never gets another one by itself.
    """
    with db.read() as tx:
        named, looked_up_by = current(tx), generations.named(tx)
    if not named:
        made = next(iter(keys.known()), "") or keys.make()
        with db.begin() as tx:
            row = {"id": made, "number": 1, "since": clock.now()}
            tx.execute(new_or_nothing(db, keks), row)  # another process may be as quick: the first one counts
            named = current(tx)
    if named not in keys.known():
        raise KeyMissing(named, keys.where)
    if lacking := {*looked_up_by} - {generations.FIRST} - keys.generations().keys():
        raise KeyMissing(min(lacking), keys.where)
    return named


def promote(tx: Connection, key: str, now: int) -> None:
    """Make another key the current one. Records that are being wrapped with the old one stay readable."""
    last = tx.execute(select(func.max(keks.c.number))).scalar() or 0
    tx.execute(insert(keks).values(id=key, number=last + 1, since=now))


def named(tx: Connection) -> dict[str, tuple[int, bool]]:
    """Keys that the database knows: id → since when (µs UTC), whether current."""
    rows = tx.execute(select(keks).order_by(keks.c.number)).all()
    return {row.id: (row.since, row is rows[-1]) for row in rows}


def counts(tx: Connection) -> dict[str, int]:
    """Records by the key that wraps theirs."""
    query = select(records.c.kek, func.count().label("rows")).where(records.c.kek.is_not(None))
    return {row.kek: row.rows for row in tx.execute(query.group_by(records.c.kek))}
