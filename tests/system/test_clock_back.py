"""A clock thrown back a year under a real agent: pace and stamps stay, and a start in the past waits."""

import asyncio
import re
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from contracts.instants import DAY, HOUR
from runtime.clock import System
from simulator.chaos.observer import Observer
from simulator.chaos.stack import Stack
from tests.fixtures.stacks import KIOSK, Book, Build, ask, kiosk, observed, until

pytestmark = pytest.mark.system
YEAR = 365 * DAY
PERIOD = 0.2  # seconds
ENOUGH = 15  # ticks


def library() -> str:
    """What stands between a process and its clock."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed: run tests/servers"
    return str(found[0])


def times(stack: Stack, start: int, end: int) -> list[int]:
    """Instants at which the kiosk sampled."""
    asked = {"device": KIOSK.device, "metric": "agent.spooled", "start": start, "end": end, "limit": 10_000}
    found = ask(stack, "/api/v1/query/range", asked)
    return list(found[0]["times"]) if found else []


def _set(shift: Path, by: str) -> None:
    """At once: whoever asks for the time reads it."""
    beside = shift.with_suffix(".new")
    beside.write_text(by)
    beside.replace(shift)


def epochs(observer: Observer) -> list[int]:
    """Epochs of the kiosk's telemetry that were receipted."""
    return sorted(one.epoch for one in observer.receipted if re.search("kiosk.*telemetry", one.stream))


@pytest.mark.timeout(400)
async def test_a_clock_that_jumps_back_a_year(build: Build, tmp_path: Path) -> None:
    stack = build()
    shift = tmp_path / "shift"
    _set(shift, "+0")
    stack.add(
        "kiosk",
        kiosk(stack, tmp_path / "kiosk.spool", period=PERIOD),
        {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(shift),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    )
    await stack.begin()
    now = System().now()
    span = (now, now + DAY)
    async with observed(stack) as observer:
        await stack.begin("kiosk")
        await until(lambda: len(times(stack, *span)) > ENOUGH)
        first = await until(lambda: epochs(observer))
        _set(shift, "-365d")
        before = len(times(stack, *span))
        await until(lambda: len(times(stack, *span)) > before + ENOUGH)
        stamps = times(stack, *span)
        gaps = [after - before for before, after in pairwise(stamps)]
        assert median(gaps) == pytest.approx(PERIOD * 1e6, rel=0.5), "its pace follows the wall clock"
        assert len(stamps) <= (stamps[-1] - stamps[0]) / (PERIOD * 1e6) + 2, "a burst"
        assert await stack.end("kiosk") == 0

        await stack.begin("kiosk")  # in the past: it records, and holds what it has
        before = len(times(stack, *span))
        await asyncio.sleep(2.0)
        assert len(times(stack, *span)) == before, "sent although the time was not known"
        _set(shift, "+0")
        await until(lambda: len(times(stack, *span)) > before + ENOUGH)
        assert len(first) == 1
        await until(lambda: len(epochs(observer)) > 1)  # who only listens may hear of a receipt later
        second = epochs(observer)
        assert len(second) == 2, "a start is an epoch of its own"
        assert second[-1] > first[-1], "the epoch followed the clock back"
        assert await stack.end("kiosk") == 0
        await until(lambda: Book(stack, KIOSK.device, now - HOUR, now + DAY).recorded)
        book = Book(stack, KIOSK.device, now - HOUR, now + DAY)
        read = times(stack, *span)
        assert len(read) == len(set(read)) > 3 * ENOUGH
        assert read == times(stack, now - 2 * YEAR, now + DAY), "nothing stands in the past"
        assert book.recorded == book.stored > len(read), book
        assert not book.holes, book
