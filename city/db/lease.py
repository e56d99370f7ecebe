"""A lease in the database: one process at a time does a job, and whoever lost it cannot commit."""

from __future__ import annotations

import socket
from os import getpid
from typing import Final

from sqlalchemy import Column, Connection, String, Table, select, update

from city.db.database import Database, new_or_nothing
from city.db.schema import Instant, metadata
from city.errors import LeaseLost
from contracts.instants import SECOND
from runtime.clock import Clock

leases: Final = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("until", Instant, nullable=False),
)


class Lease:
    """Held for `seconds` from each `take` by the holder's clock; safety does not depend on clocks."""

    def __init__(self, db: Database, name: str, clock: Clock, *, seconds: float = 3.0) -> None:
        self.name = name
        self.seconds = seconds
        self.holder = f"{socket.gethostname()[:100]}:{getpid()}:{db.me}"
        self._db = db
        self._clock = clock

    def take(self) -> bool:
        """Take it where it is free, or keep it; whether it is ours now."""
        now = self._clock.now()
        span = round(self.seconds * SECOND)
        with self._db.begin() as tx:
            tx.execute(new_or_nothing(self._db, leases), {"name": self.name, "holder": "", "until": 0})
            row = tx.execute(select(leases).where(leases.c.name == self.name).with_for_update()).one()
            # One dated further ahead than any lasts comes from a clock that was wrong: it must not bind us.
            free = row.until <= now or row.until > now + 2 * span
            if row.holder != self.holder and not free:
                return False
            tx.execute(
                update(leases).where(leases.c.name == self.name).values(holder=self.holder, until=now + span)
            )
        return True

    def guard(self, tx: Connection) -> None:
        """Make sure within a transaction that the lease is ours until it commits. Raises LeaseLost."""
        query = select(leases.c.holder).where(leases.c.name == self.name).with_for_update()
        holder = tx.execute(query).scalar_one_or_none()
        if holder != self.holder:
            raise LeaseLost(self.name, holder or "")

    def give_back(self) -> None:
        """Let the next one have it at once."""
        mine = (leases.c.name == self.name) & (leases.c.holder == self.holder)
        with self._db.begin() as tx:
            tx.execute(update(leases).where(mine).values(until=0, holder=""))
