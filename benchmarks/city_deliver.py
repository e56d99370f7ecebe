"""Webhooks to fifty receivers, of which one is dead and one is slow, beside bare posts on loopback."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import msgspec
import numpy as np

from benchmarks.city_receivers import Report
from benchmarks.city_stage import Figures, Say, Stage
from city.audit import Trail
from city.identity.caller import SYSTEM
from city.outbox import Relay, append
from city.webhooks.ears import Ears
from city.webhooks.guard import Guard
from city.webhooks.hub import Hub
from city.webhooks.service import Webhooks
from city.webhooks.settings import Settings
from contracts import cloudevents

_QUICK: Final = 48
_SLOW: Final = 2.0  # seconds that the slow receiver takes for each answer
_RATE: Final = 4.0  # events a second, each to all receivers
BURST: Final = 100  # events that wait for all receivers
_PATIENCE: Final = 180.0  # seconds
_SETTINGS: Final = Settings(allow=("127.0.0.0/8",), each=100)
_HEAR: Final = "incidents.all.hear"
_EARS: Final = Ears({"incident.*": _HEAR}, lambda _tx, _kind, _owner: (_HEAR,))


class _Receivers:
    """The process of the receivers."""

    def __init__(self, process: asyncio.subprocess.Process, ports: list[int]) -> None:
        self._process = process
        self.urls = [f"http://127.0.0.1:{port}/hook" for port in ports]

    async def report(self) -> Report:
        """What arrived; the process ends."""
        out, _ = await self._process.communicate(b"")
        return msgspec.json.decode(out, type=Report)


def deliver(stage: Stage, seconds: float, say: Say, *, burst: int = BURST) -> Figures:
    """Milliseconds from commit to quick receivers at a steady pace, and deliveries a second of a burst."""
    say("webhooks: bare posts on loopback")
    posts = asyncio.run(_posts(stage, min(seconds, 5.0)))
    say(f"webhooks: {_RATE:g} events a second to {_QUICK + 2} receivers")
    steady = asyncio.run(_steady(stage, seconds))
    say("webhooks: a burst")
    rate = asyncio.run(_burst(stage, burst))
    return {
        "deliver_ms_p50": float(np.percentile(steady.late_ms, 50)),
        "deliver_ms_p99": float(np.percentile(steady.late_ms, 99)),
        "deliver_ms_max": max(steady.late_ms),
        "deliver_slow_taken": float(steady.slow),
        "deliveries_per_s": rate,
        "loopback_posts_per_s": posts,
        "deliveries_ratio": rate / posts,
    }


async def _posts(stage: Stage, seconds: float) -> float:
    """The limit: as many posts of the same size, as many at once, from one process without anything else."""
    body = cloudevents.encode(stage.event(1))
    async with _receivers() as receivers:
        done = 0
        end = time.monotonic() + seconds

        async def post(url: str) -> None:
            nonlocal done
            async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP
                while time.monotonic() < end:
                    await client.post(url, content=body)
                    done += 1

        started = time.monotonic()
        await asyncio.gather(*(post(url) for url in receivers.urls[:_QUICK]))
        spent = time.monotonic() - started
        await receivers.report()
    return done / spent


async def _steady(stage: Stage, seconds: float) -> Report:
    """One event after another at a pace, all quick receivers waited for."""
    async with _receivers() as receivers, _telling(stage, receivers.urls):
        await _warm(stage)
        wanted = round(seconds * _RATE)
        began = time.monotonic()
        for number in range(wanted):
            await asyncio.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            await asyncio.to_thread(_append, stage, number, 1)
        await _until(stage, 1 + wanted)
        report = await receivers.report()
    return Report(late_ms=report.late_ms[_QUICK:], slow=report.slow, last=report.last)


async def _burst(stage: Stage, count: int) -> float:
    async with _receivers() as receivers, _telling(stage, receivers.urls):
        await _warm(stage)
        started = time.monotonic()
        await asyncio.to_thread(_append, stage, 0, count)
        await _until(stage, 1 + count)
        report = await receivers.report()
    return _QUICK * count / (report.last - started)


async def _warm(stage: Stage) -> None:
    """One event to all, so that connections stand and receivers that fail have failed."""
    await asyncio.to_thread(_append, stage, 0, 1)
    await _until(stage, 1)
    await asyncio.sleep(1.0)


def _append(stage: Stage, first: int, count: int) -> None:
    with stage.db.begin() as tx:
        for number in range(first, first + count):
            append(tx, stage.event(number))


async def _until(stage: Stage, wanted: int) -> None:
    """Until the quick receivers have taken so many."""

    def done() -> int:
        with stage.db.read() as tx:
            found = _service(stage).page(tx, SYSTEM, all_=True, limit=_QUICK)
            return min(one.place.delivered for one in found)

    async with asyncio.timeout(_PATIENCE):
        while await asyncio.to_thread(done) < wanted:  # noqa: ASYNC110 - the count lies in the database
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _telling(stage: Stage, urls: list[str]) -> AsyncIterator[None]:
    """Subscriptions of all receivers, and the process part that tells them."""
    service = _service(stage)
    with stage.db.begin() as tx:
        for old in service.page(tx, SYSTEM, all_=True, limit=1_000):
            service.remove(tx, SYSTEM, old.subscription.id)
        for url in urls:
            service.add(tx, SYSTEM, url=url)
    hub = Hub(
        stage.db,
        clock=stage.clock,
        ids=stage.ids,
        vault=stage.vault,
        guard=Guard(_SETTINGS.allow, stage.clock),
        ears=_EARS,
        settings=_SETTINGS,
    )
    relay = asyncio.create_task(Relay(stage.db, stage.clock, (), beside=[hub.beside()]).run())
    try:
        yield
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)


def _service(stage: Stage) -> Webhooks:
    return Webhooks(
        clock=stage.clock,
        ids=stage.ids,
        vault=stage.vault,
        guard=Guard(_SETTINGS.allow, stage.clock),
        ears=_EARS,
        trail=Trail(clock=stage.clock),
        settings=_SETTINGS,
    )


@asynccontextmanager
async def _receivers() -> AsyncIterator[_Receivers]:
    pipe = asyncio.subprocess.PIPE
    words = ["-m", "benchmarks.city_receivers", str(_QUICK), str(_SLOW)]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe)
    try:
        if process.stdout is None:
            raise RuntimeError("the receivers have no output")
        ports = msgspec.json.decode(await process.stdout.readline(), type=list[int])
        yield _Receivers(process, ports)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
