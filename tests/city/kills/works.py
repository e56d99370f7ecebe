"""The victim: commits events with clocks and audit entries, relays, delivers, fires and seals."""

import asyncio
import os
import random
import threading
import time
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, insert

from city.audit import Entry, Sealer, Trail
from city.audit import Settings as AuditSettings
from city.outbox import Handler, Relay, append, event
from city.schedule import Clock, Clocks, Fired, Runner
from city.schedule import Handler as ClockHandler
from city.schedule import Settings as ScheduleSettings
from contracts.cloudevents import CloudEvent
from runtime.calendar import Calendars
from tests.city.drill import FAST
from tests.city.kills.tables import fired, handled, truth
from tests.city.webhooks.stage import Stage

KIND = "kills.due"
_LATEST = 200_000  # µs after its event that a clock is due


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a victim is told."""

    url: str
    folder: str
    seed: int
    writes: bool  # whether it commits new events, or only finishes what others left


def say(line: str) -> None:
    """One line to whoever watches; whole, or not at all."""
    os.write(1, f"{line}\n".encode())


def work(task: Task) -> None:
    """Work until killed."""
    asyncio.run(_work(task))


async def _work(task: Task) -> None:
    stage = Stage(task.url, Path(task.folder) / "keys.json", make=False)
    clock, db = stage.clock, stage.db
    clocks = Clocks(clock=clock, calendars=Calendars())
    relay = Relay(
        db,
        clock,
        [Handler(name="kills", apply=_handle)],
        beside=[stage.hub(attempts=50).beside()],
        settings=FAST,
    )
    runner = Runner(
        db,
        clocks,
        [ClockHandler(kind=KIND, fire=_fire)],
        time=clock,
        registry=CollectorRegistry(),
        settings=ScheduleSettings(poll=0.05, first_delay=0.02, most_delay=0.1),
    )
    sealer = Sealer(
        db, clock, settings=AuditSettings(witness=Path(task.folder) / "witness", every=0.05, most=40)
    )
    if task.writes:
        writer = threading.Thread(target=_write, args=(task, stage, clocks), daemon=True)
        writer.start()
    await asyncio.gather(relay.run(), runner.run(), sealer.run())


def _handle(tx: Connection, one: CloudEvent) -> None:
    tx.execute(insert(handled).values(id=one.id))


def _fire(tx: Connection, one: Fired) -> None:
    tx.execute(insert(fired).values(key=one.key, late=one.now - one.due))


def _write(task: Task, stage: Stage, clocks: Clocks) -> None:
    dice = random.Random(task.seed)
    trail = Trail(clock=stage.clock)
    count = 0
    while True:
        with stage.db.begin() as tx:
            for _ in range(dice.randint(1, 3)):
                name, subject = stage.ids(), dice.choice("abcde")
                due = stage.clock.now() + dice.randint(0, _LATEST)
                told = event(
                    "thing.made",
                    id=name,
                    source="/kills",
                    subject=subject,
                    time=stage.clock.now(),
                    data={"subject": subject},
                )
                append(tx, told)
                tx.execute(insert(truth).values(id=name, subject=subject, due=due))
                clocks.set(tx, Clock(kind=KIND, key=name, due=due))
                trail.note(tx, Entry(by="system", action="made", kind="kills.thing", record=name))
        count += 1
        say(f"committed {count}")
        time.sleep(dice.uniform(0, 0.01))
