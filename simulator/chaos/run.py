"""One run: start everything, kill at random moments, let it settle, count."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from runtime import mqtt
from runtime.clock import System
from simulator.chaos import count
from simulator.chaos.asking import Api
from simulator.chaos.count import Figures
from simulator.chaos.observer import Observer
from simulator.chaos.stack import Stack, Stuck

SETTLE: Final = 180.0  # seconds in which everything recorded must be receipted after the last kill
QUIET: Final = 2.0  # seconds without a judgement after which analytics has said all
JUDGED: Final = 40.0  # seconds in which every judgement must be receipted then: twice the uplink's patience


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is done."""

    rounds: int
    seed: int
    broker: str = "auto"
    devices: int = 8
    period: float = 0.1  # seconds between two batches of a device
    peak: int = 15  # ticks between two alerts of a device
    longest: float = 1.5  # seconds between two kills, at most


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    figures: Figures
    kills: Counter[str]
    seen: int  # first transmissions that the observer saw
    order_violations: int


async def run(plan: Plan, folder: Path, say: Callable[[int, str], None]) -> Result:
    """Run the plan in an empty folder; `say` hears of each kill. Raises Stuck."""
    dice = random.Random(plan.seed)
    spool = folder / "fleet.spool"
    stack = Stack(folder, broker=plan.broker, devices=plan.devices)
    stack.add("agent", _fleet(plan, folder, spool, stack.port))
    observer = Observer()
    kills: Counter[str] = Counter()
    async with AsyncExitStack() as open_:
        open_.push_async_callback(stack.stop)
        await stack.start()
        client = mqtt.Client(mqtt.Settings(port=stack.port), client_id="observer", clock=System())
        for topic_filter in observer.filters:
            client.subscribe(topic_filter, observer.handle)
        await open_.enter_async_context(client)
        everyone, doomed = stack.victims(), list[str]()
        for number in range(1, plan.rounds + 1):
            await asyncio.sleep(dice.uniform(0.1, plan.longest))
            if not doomed:  # each once, in an order of chance, before any comes twice
                doomed = dice.sample(everyone, len(everyone))
            victim = doomed.pop()
            await stack.kill(victim)
            kills[victim] += 1
            say(number, victim)
        await stack.ready()
        await _alive(observer)
        await stack.finish(SETTLE)
        await _judged(observer)
        figures = await asyncio.to_thread(_count, stack.ask, spool, plan.devices)
    return Result(figures=figures, kills=kills, seen=observer.seen, order_violations=observer.violations)


def _count(api: Api, spool: Path, devices: int) -> Figures:
    written, shed = count.recorded(spool, devices)
    distinct, duplicated, holes = count.stored(api, devices)
    wrong = count.peaks(api, devices)
    peaks = count.told(api, wrong, JUDGED)
    desk = count.desk(api)
    return Figures(
        recorded=written,
        shed=shed,
        stored=distinct,
        lost=max(0, written - shed - distinct),
        duplicated=duplicated + max(0, distinct - written),
        holes=holes,
        ledger_missing=count.ledger_missing(api),
        peaks=sum(map(len, wrong.values())),
        peaks_told=peaks.told,
        peaks_passed=peaks.passed,
        peaks_untold=peaks.untold,
        alerts=desk.alerts,
        incidents=desk.incidents,
        alerts_alone=desk.alone,
        incidents_doubled=desk.doubled,
    )


async def _alive(observer: Observer) -> None:
    """Wait until what is sampled now is judged: the whole path works after the last kill. Raises Stuck."""
    judged, limit = observer.judged, asyncio.get_running_loop().time() + JUDGED
    while observer.judged == judged:
        if asyncio.get_running_loop().time() > limit:
            raise Stuck(f"no judgement within {JUDGED:.0f} s after the last kill")
        await asyncio.sleep(0.1)


async def _judged(observer: Observer) -> None:
    """Wait until alerts has every judgement and none has come for a while; a receipt may have been missed."""
    now = asyncio.get_running_loop().time
    limit, last, judged = now() + JUDGED, now(), observer.judged
    while now() < limit and (observer.unanswered() or now() < last + QUIET):
        await asyncio.sleep(0.1)
        if observer.judged > judged:
            last, judged = now(), observer.judged


def _fleet(plan: Plan, folder: Path, spool: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "simulator.fleet", "--spool", str(spool), "--port", str(port)),
        *("--devices", str(plan.devices), "--period", str(plan.period), "--peak", str(plan.peak)),
        *("--stop-file", str(folder / "stop")),
    ]
