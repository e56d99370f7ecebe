"""How late clocks fire while a million others wait."""

from __future__ import annotations

import asyncio
from typing import Final

import numpy as np
from sqlalchemy import Connection, insert

from benchmarks.city_stage import Figures, Say, Stage
from city.schedule import Clock, Clocks, Fired, Handler, Runner, State
from city.schedule.tables import clocks as table
from contracts.instants import DAY, HOUR, SECOND
from runtime.calendar import Calendars

_KIND: Final = "bench.due"
_AT_ONCE: Final = 20_000  # rows of one insert
_RATE: Final = 200  # clocks due a second
_PATIENCE: Final = 60.0  # seconds


def clocks(stage: Stage, pending: int, seconds: float, say: Say) -> Figures:
    """Lateness of clocks that fall due one after another, `pending` others set for the days after."""
    say(f"clocks: {pending:,} wait")
    for first in range(0, pending, _AT_ONCE):
        _fill(stage, first, min(_AT_ONCE, pending - first))
    say("clocks: fire")
    return asyncio.run(_fire(stage, seconds))


def _fill(stage: Stage, first: int, count: int) -> None:
    """Clocks as `Clocks.set` leaves them, many at once."""
    now = stage.clock.now()
    rows = [
        {
            "kind": _KIND,
            "key": f"waits-{number:09}",
            "state": State.RUNNING,
            "due": now + HOUR + number * 30 * DAY // 1_000_000,
            "wake": now + HOUR + number * 30 * DAY // 1_000_000,
            "calendar": "always",
            "reason": "",
            "payload": {},
            "attempts": 0,
            "error": "",
            "changed": now,
        }
        for number in range(first, first + count)
    ]
    with stage.db.begin() as tx:
        tx.execute(insert(table), rows)


async def _fire(stage: Stage, seconds: float) -> Figures:
    late: list[float] = []
    all_fired = asyncio.Event()
    loop = asyncio.get_running_loop()
    verbs = Clocks(clock=stage.clock, calendars=Calendars())
    due = stage.clock.now() + 2 * SECOND
    wanted = round(seconds * _RATE)
    with stage.db.begin() as tx:
        for number in range(wanted):
            moment = due + number * SECOND // _RATE
            verbs.set(tx, Clock(kind=_KIND, key=f"due-{number}", due=moment))

    def fire(_tx: Connection, fired: Fired) -> None:
        late.append((stage.clock.now() - fired.due) / 1_000)
        if len(late) == wanted:
            loop.call_soon_threadsafe(all_fired.set)

    handlers = [Handler(kind=_KIND, fire=fire)]
    runner = asyncio.create_task(Runner(stage.db, verbs, handlers, time=stage.clock).run())
    async with asyncio.timeout(seconds + _PATIENCE):
        await all_fired.wait()
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)
    return {
        "clocks_fired_late_ms_p50": float(np.percentile(late, 50)),
        "clocks_fired_late_ms_p99": float(np.percentile(late, 99)),
        "clocks_fired": float(len(late)),
    }
