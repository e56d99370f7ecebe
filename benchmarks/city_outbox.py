"""Events through the outbox, and entries into the audit trail, beside bare inserts."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Final

from benchmarks.city_stage import WRITERS, Figures, Say, Stage, rate, writing
from city.audit import Entry, Sealer, Settings, Trail
from city.outbox import Deliverer, Relay, append
from contracts.cloudevents import CloudEvent

BACKLOG: Final = 20_000  # events that wait when the relay starts
_AT_ONCE: Final = 500
_PATIENCE: Final = 120.0  # seconds


def outbox(stage: Stage, seconds: float, say: Say, *, backlog: int = BACKLOG) -> Figures:
    """Events a second from commit to a consumer: as they are written one a transaction, and a backlog."""
    say("outbox: one event a transaction")
    numbers = itertools.count()

    def write(go_on: Callable[[], bool]) -> int:
        done = 0
        while go_on():
            with stage.db.begin() as tx:
                append(tx, stage.event(next(numbers)))
            done += 1
        return done

    live = asyncio.run(_live(stage, write, seconds))
    say("outbox: a backlog")
    for first in range(0, backlog, _AT_ONCE):
        with stage.db.begin() as tx:
            for number in range(first, min(first + _AT_ONCE, backlog)):
                append(tx, stage.event(number))
    return {
        "outbox_events_per_s": live,
        "outbox_backlog_events_per_s": asyncio.run(_backlog(stage, backlog)),
    }


def audit(stage: Stage, seconds: float, say: Say) -> Figures:
    """Entries a second, one a transaction, while the sealer works."""
    say("audit: one entry a transaction")
    trail = Trail(clock=stage.clock)

    def note(go_on: Callable[[], bool]) -> int:
        done = 0
        while go_on():
            with stage.db.begin() as tx:
                trail.note(tx, Entry(by="bench", action="viewed", kind="bench.record", record=stage.ids()))
            done += 1
        return done

    async def measure() -> float:
        sealer = Sealer(stage.db, stage.clock, settings=Settings(witness=stage.folder / "witness", every=0.5))
        sealing = asyncio.create_task(sealer.run())
        found = await asyncio.to_thread(rate, note, seconds, WRITERS)
        sealing.cancel()
        await asyncio.gather(sealing, return_exceptions=True)
        return found

    return {"audit_appends_per_s": asyncio.run(measure())}


class _Taken:
    """A consumer that counts."""

    def __init__(self) -> None:
        self.count = 0

    async def deliver(self, _event: CloudEvent) -> None:
        self.count += 1

    async def until(self, wanted: int) -> None:
        end = time.monotonic() + _PATIENCE
        while self.count < wanted:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.count} of {wanted} events came in {_PATIENCE:g} s")
            await asyncio.sleep(0.005)


async def _live(stage: Stage, write: Callable[[Callable[[], bool]], int], seconds: float) -> float:
    taken = _Taken()
    relay = Relay(stage.db, stage.clock, [Deliverer(name="bench", deliver=taken.deliver)])
    relaying = asyncio.create_task(relay.run())
    await relay.leading.wait()
    started = time.monotonic()
    with writing(write, WRITERS) as (_, counts):
        await asyncio.sleep(seconds)
    await taken.until(sum(counts))
    spent = time.monotonic() - started
    await _end(relaying)
    return taken.count / spent


async def _backlog(stage: Stage, backlog: int) -> float:
    taken = _Taken()
    relay = Relay(stage.db, stage.clock, [Deliverer(name="bench", deliver=taken.deliver)])
    relaying = asyncio.create_task(relay.run())
    await relay.leading.wait()
    started = time.monotonic()
    await taken.until(backlog)
    spent = time.monotonic() - started
    await _end(relaying)
    return taken.count / spent


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
