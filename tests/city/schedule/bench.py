"""Shared by the clocks' tests: a handler that writes down what fired, and hands to set and fire clocks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, insert, select

from city.db import Database
from city.schedule import Clock, Clocks, Fired, Handler, Runner, Settings, Standing
from city.schedule.figures import Figures
from city.schedule.firing import Firing
from runtime.calendar import Calendars
from runtime.clock import Clock as Time
from runtime.clock import Fake, System

KIND = "drill.due"
FAST = Settings(poll=0.02, first_delay=0.01, most_delay=0.05)
CALENDARS = Calendars()
lite = pytest.mark.parametrize("city_url", ["sqlite"], indirect=True)  # what the engine has no part in
log = Table(
    "drill_fired",
    MetaData(),
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("key", String(120)),
    Column("due", BigInteger),
)

asked = Table(
    "drill_asked",
    MetaData(),
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("key", String(120)),
)


def writing(kind: str = KIND, **options: Any) -> Handler:
    """A handler that writes the keys into its table, in the transaction that it is given."""

    def fire(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))

    return Handler(kind=kind, fire=fire, **options)


def written(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(select(log.c.key).order_by(log.c.n)).scalars())


class Bench:
    """One process's hands, on a clock that stands."""

    def __init__(self, db: Database, time: Fake | None = None) -> None:
        self.db = db
        self.time = time or Fake()
        self.clocks = Clocks(clock=self.time, calendars=CALENDARS)
        self.registry = CollectorRegistry()

    def set(self, key: str, *, after: float = 0.0, kind: str = KIND, **options: Any) -> int:
        """Set a clock that is due after some seconds; when it is."""
        due = self.time.now() + round(after * 1_000_000)
        with self.db.begin() as tx:
            self.clocks.set(tx, Clock(kind=kind, key=key, due=due, **options))
        return due

    def get(self, key: str, kind: str = KIND) -> Standing | None:
        with self.db.read() as tx:
            return self.clocks.get(tx, kind, key)

    def firing(self, *handlers: Handler, settings: Settings = FAST) -> Firing:
        by_kind = {handler.kind: handler for handler in handlers or (writing(),)}
        self.registry = CollectorRegistry()
        return Firing(self.db, self.time, self.clocks, by_kind, Figures(self.registry), settings)

    def fire(self, *handlers: Handler, settings: Settings = FAST) -> int:
        """Fire all that is due, until nothing is; how many."""
        firing = self.firing(*handlers, settings=settings)
        count = 0
        while True:
            due = [kind for kind, wake in firing.earliest().items() if wake <= self.time.now()]
            if not due:
                return count
            for kind in due:
                count += len(firing.fire(kind).fired)


@asynccontextmanager
async def running(
    db: Database, *handlers: Handler, time: Time | None = None, settings: Settings = FAST
) -> AsyncIterator[Runner]:
    """A process's runner at work."""
    time = time or System()
    clocks = Clocks(clock=time, calendars=CALENDARS)
    runner = Runner(db, clocks, handlers or (writing(),), time=time, settings=settings)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = System().monotonic() + limit
    while not await asyncio.to_thread(condition):
        assert System().monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)
