"""Two ingest workers on one shared subscription and InfluxDB: each receipts what it made durable, no more."""

import re
import signal
from pathlib import Path

import pytest

from contracts import ranges
from contracts.ranges import Ranges
from simulator.chaos import count
from simulator.chaos.observer import Observer
from simulator.chaos.stack import Stack
from simulator.fleet import device
from tests.fixtures.gate import Gate
from tests.fixtures.stacks import Build, fleet, observed, ticks, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
DEVICES = 5  # odd: shared out in turn, each device's batches go to both workers
A, B = "ingest-w1-1", "ingest-w1-2"
MANY = 15  # batches of a device


def receipted(observer: Observer, number: int) -> Ranges:
    """Batches of a device named by any receipt; the fleet starts once, so there is one epoch."""
    stream = f"{device(number).device}/telemetry"
    return ranges.union(*(have for epoch, have in observer.receipted.items() if epoch.stream == stream))


def connected(stack: Stack, worker: str) -> bool:
    """Whether a worker takes its share: stopped before, it would leave everything to the other."""
    log = stack.folder / "data" / "logs" / f"{worker}.log"
    said = log.read_text(encoding="utf-8") if log.exists() else ""
    return re.search(r"mqtt imm\.ingest\.\S+: connected to", said) is not None  # not the lane of alarms


def upto(observer: Observer) -> int:
    """The newest batch that has a receipt, of the device that is furthest behind."""
    whole = [receipted(observer, number) for number in range(1, DEVICES + 1)]
    return min(have[-1][1] if have else 0 for have in whole)


def skipped(observer: Observer) -> int:
    """Batches without a receipt below others of their stream that have one."""
    whole = [receipted(observer, number) for number in range(1, DEVICES + 1)]
    return sum(ranges.size(ranges.gaps(have, have[-1][1])) for have in whole if have)


def check(stack: Stack, observer: Observer) -> None:
    """What receipts name an app can read. Batch 1 carries tick 0."""
    promised = {number: receipted(observer, number) for number in range(1, DEVICES + 1)}
    for number, have in promised.items():
        stored = ranges.of(tick + 1 for tick in ticks(stack, number))
        beyond = [span for span in have if not any(a <= span[0] and span[1] <= b for a, b in stored)]
        assert not beyond, f"receipted and not stored: {beyond} of device {number}"


async def settle(stack: Stack, spool: Path) -> None:
    """Everything recorded is stored, once."""
    Path(f"{spool}.stop").touch()
    await stack.finish(60)
    written, shed = count.recorded(spool, DEVICES)
    distinct, duplicated, holes = count.stored(stack.ask, DEVICES)
    assert (shed, duplicated, holes) == (0, 0, 0)
    assert distinct == written > 0
    assert count.ledger_missing(stack.ask) == 0


async def test_receipts_name_what_is_durable_and_nothing_else(
    build: Build, tmp_path: Path, influx_settings: dict[str, str]
) -> None:
    spool = tmp_path / "fleet.spool"
    with Gate(influx_settings["IMM_STORE__INFLUX__URL"]) as gate:
        stack = build(devices=DEVICES, settings=influx_settings | {"IMM_STORE__INFLUX__URL": gate.url})
        stack.add("agent", fleet(stack, spool, devices=DEVICES, period=0.05, metrics=2))
        await stack.begin()  # the API is ready: workers may still be on their way
        await until(lambda: all(connected(stack, worker) for worker in (A, B)))
        async with observed(stack) as observer:
            await stack.begin("agent")
            await until(lambda: upto(observer) > MANY)
            await _stop_one(stack, observer)
            await _stop_the_store(stack, observer, gate)
            await settle(stack, spool)
            check(stack, observer)


async def _stop_one(stack: Stack, observer: Observer) -> None:
    """What a stopped worker holds is in no receipt of the other; killed, it costs nothing."""
    stack.send(A, signal.SIGSTOP)
    before = upto(observer)
    await until(lambda: upto(observer) > before + MANY and skipped(observer) > 0)
    check(stack, observer)
    await stack.kill(A)
    await until(lambda: skipped(observer) == 0)  # the other has them, once they are sent again


async def _stop_the_store(stack: Stack, observer: Observer, gate: Gate) -> None:
    """Nothing is receipted while nothing can be written; workers killed then cost nothing."""
    gate.shut()
    seen, held = observer.seen, gate.held
    await until(lambda: observer.seen > seen + 2 * DEVICES * MANY and gate.held > held)
    before, seen = dict(observer.receipted), observer.seen
    await until(lambda: observer.seen > seen + DEVICES * MANY)  # both workers have some of these
    assert observer.receipted == before, "receipted while the store could not be written"
    for worker in (A, B):
        await stack.kill(worker)
    gate.open()
