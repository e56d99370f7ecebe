"""What an operator sees of the clocks, and fires again after a fix."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from city.db import Database, notify
from city.schedule.clock import Standing, State, standing
from city.schedule.clocks import SET
from city.schedule.errors import NotParked, Unknown
from city.schedule.tables import clocks


def resting(db: Database, state: State, *, after: int = 0, limit: int = 100) -> list[Standing]:
    """Paused or parked clocks in order of their id, a page at a time."""
    query = select(clocks).where(clocks.c.state == state, clocks.c.id > after, clocks.c.wake.is_(None))
    with db.read() as tx:
        return [standing(row) for row in tx.execute(query.order_by(clocks.c.id).limit(limit)).mappings()]


def failing(db: Database, *, after: int = 0, limit: int = 100) -> list[Standing]:
    """Clocks whose last firing failed: parked, to be tried again, or repeated ones that went on."""
    query = select(clocks).where(clocks.c.error != "", clocks.c.id > after)
    with db.read() as tx:
        return [standing(row) for row in tx.execute(query.order_by(clocks.c.id).limit(limit)).mappings()]


def replay(tx: Connection, number: int, *, now: int) -> Standing:
    """Fire a clock that failed again, at once, by its id; as it stood. Raises Unknown, NotParked."""
    row = tx.execute(select(clocks).where(clocks.c.id == number).with_for_update()).mappings().one_or_none()
    if row is None:
        raise Unknown(str(number))
    if not row["error"] or row["state"] == State.PAUSED:
        raise NotParked(str(number), row["state"])
    values = {"state": State.RUNNING, "wake": now, "attempts": 0, "changed": now}
    tx.execute(update(clocks).where(clocks.c.id == number).values(values))
    notify(tx, SET)
    return standing(row)
