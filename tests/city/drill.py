"""Shared by the outbox's tests: events, consumers that remember, and waiting with a limit."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select

from city.db import Database
from city.outbox import Consumer, Deliverer, Handler, Relay, Settings, append, event
from contracts.cloudevents import CloudEvent
from runtime.clock import Clock, System

FAST = Settings(lease=0.6, poll=0.02, first_delay=0.005, most_delay=0.05)
log = Table(
    "drill_log",
    MetaData(),
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40)),
)
_ids = itertools.count(1)


def made(type_: str = "thing.made", data: Any = None, name: str = "") -> CloudEvent:
    return event(
        type_, id=name or f"e{next(_ids)}", source="/drill", subject="x", time=System().now(), data=data or {}
    )


def put(db: Database, *events: CloudEvent, probe: bool = False) -> None:
    with db.begin() as tx:
        for one in events:
            append(tx, one, probe=probe)


def writing(name: str = "writer", **options: Any) -> Handler:
    """A handler that writes the events' ids into its table, in the transaction that it is given."""

    def apply(tx: Connection, one: CloudEvent) -> None:
        tx.execute(insert(log).values(id=one.id))

    return Handler(name=name, apply=apply, **options)


def written(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(select(log.c.id).order_by(log.c.n)).scalars())


def delivering(name: str, into: list[str], **options: Any) -> Deliverer:
    async def deliver(one: CloudEvent) -> None:
        into.append(one.id)

    return Deliverer(name=name, deliver=deliver, **options)


async def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def relaying(
    db: Database, *consumers: Consumer, clock: Clock | None = None, settings: Settings = FAST
) -> AsyncIterator[Relay]:
    relay = Relay(db, clock or System(), consumers, settings=settings)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
