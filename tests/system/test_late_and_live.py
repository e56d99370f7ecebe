"""A month's spool arrives while others speak: all of it is stored, and what is live stays live."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from contracts import receipts, senml
from contracts.batches import sequence
from contracts.instants import DAY
from contracts.series import Block
from contracts.topics import Channel, DeviceTopic, parse
from runtime import cli
from runtime.clock import System
from runtime.mqtt import Message
from simulator.chaos.observer import Observer
from simulator.chaos.stack import Stack
from simulator.fleet import device
from tests.fixtures.stacks import KIOSK, Book, Build, ask, fleet, kiosk, observed, samples, until

pytestmark = pytest.mark.system
LIVE = 4  # devices that speak all the while
LATE = 5  # number of the first that was away
DAYS = 30


class Lag(NamedTuple):
    """How long a live batch took until it was durable."""

    sampled: int  # µs UTC
    us: int


class Stopwatch(Observer):
    """Takes the time from a live sample to the receipt of its batch."""

    def __init__(self) -> None:
        super().__init__()
        self.lags: list[Lag] = []
        self._sampled: dict[tuple[str, int, int], int] = {}
        self._live = {device(number).device for number in range(1, LIVE + 1)}

    def handle(self, message: Message) -> None:
        super().handle(message)
        topic = parse(message.topic)
        if not isinstance(topic, DeviceTopic) or topic.device.device not in self._live:
            return
        now = System().now()
        if topic.channel == Channel.TELEMETRY and (place := sequence(message.properties)):
            block = Block()
            senml.decode(message.payload, message.content_type, topic.device, now=now, block=block)
            self._sampled.setdefault((str(place.stream), place.epoch, place.seq), block.times[0])
        elif topic.channel == Channel.RECEIPT:
            receipt = receipts.decode(message.payload)
            for first, last in receipt.ranges:
                for seq in range(first, last + 1):
                    sampled = self._sampled.pop((receipt.stream, receipt.epoch, seq), None)
                    if sampled is not None:
                        self.lags.append(Lag(sampled, now - sampled))


def rank(values: Sequence[int], share: float) -> float:
    """Nearest-rank percentile in ms."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1_000, 1)


async def late_and_live(stack: Stack, folder: Path, *, devices: int, step: float) -> dict[str, float]:
    """Figures of one run: `devices` that were away bring a month of a batch each `step` seconds."""
    options = {"devices": LIVE, "period": 0.1, "metrics": 8}
    stack.add("live", fleet(stack, folder / "live.spool", **options))
    stack.add("kiosk", kiosk(stack, folder / "kiosk.spool", period=1, probe=0.5))
    month = {"history_days": DAYS, "history_step": step, "limit_bytes": 2_000_000_000}
    stack.add("late", fleet(stack, folder / "late.spool", first=LATE, devices=devices, metrics=8, **month))
    Path(f"{folder / 'late.spool'}.stop").touch()  # it brings what it has, and ends
    await stack.begin()
    async with observed(stack, Stopwatch()) as watch:
        assert isinstance(watch, Stopwatch)
        await stack.begin("live")
        await stack.begin("kiosk")
        await until(lambda: len(watch.lags) > LIVE * 50)
        calm = [lag.us for lag in watch.lags[LIVE * 10 :]]
        await stack.begin("late")
        late = device(LATE).device
        since = System().now() - (DAYS + 1) * DAY
        await until(lambda: Book(stack, late, since).received, 120)
        began, heard = System().now(), len(watch.lags)
        assert await stack.ended("late", 1_200) == 0
        ended = System().now()
        busy = [lag.us for lag in watch.lags[heard:] if lag.sampled < ended]
        probes = await asyncio.to_thread(ask, stack, "/api/v1/probes", {})
        Path(f"{folder / 'live.spool'}.stop").touch()
        assert await stack.ended("live", 60) == 0
        assert await stack.end("kiosk") == 0
    wanted = devices * round(DAYS * 86_400 / step) * 8
    books = [Book(stack, device(number).device, since) for number in range(LATE, LATE + devices)]
    read = [samples(stack, device(number).device, since) for number in range(LATE, LATE + devices)]
    stored = sum(book.stored for book in books)
    assert sum(read) == stored == sum(book.recorded for book in books) >= wanted
    for number in range(1, LIVE + 1):
        book = Book(stack, device(number).device)
        assert book.recorded == book.stored == samples(stack, device(number).device), book
    assert len(busy) > LIVE, "nothing live was durable before the month was over"
    seconds = (ended - began) / 1e6
    return {
        "late_samples": stored,
        "late_seconds": round(seconds, 1),
        "late_samples_per_s": round(stored / seconds),
        "live_batches": len(busy),
        "live_ms_p50": rank(busy, 0.5),
        "live_ms_p99": rank(busy, 0.99),
        "live_ms_max": rank(busy, 1),
        "calm_ms_p50": rank(calm, 0.5),
        "calm_ms_p99": rank(calm, 0.99),
        "probes": probes["count"],
        "probe_ms_p50": round(probes["p50_ms"], 1),
        "probe_ms_p99": round(probes["p99_ms"], 1),
    }


@pytest.mark.timeout(400)
async def test_a_month_comes_in_while_others_speak(build: Build, tmp_path: Path) -> None:
    devices = 2
    away = [device(number) for number in range(LATE, LATE + devices)]
    stack = build(devices=LIVE, others=(KIOSK, *away))
    figures = await late_and_live(stack, tmp_path, devices=devices, step=600)
    print(figures)  # noqa: T201 - shown where something fails


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("engine", ["embedded", "influx"])
async def test_a_month_costs_the_living_less_than_a_second(
    engine: str, build: Build, tmp_path: Path, reports: Path, influx_settings: dict[str, str]
) -> None:
    devices = 4
    away = [device(number) for number in range(LATE, LATE + devices)]
    settings = influx_settings if engine == "influx" else {}
    stack = build(devices=LIVE, others=(KIOSK, *away), settings=settings)
    figures = await late_and_live(stack, tmp_path, devices=devices, step=60)
    cli.report(reports / f"late-and-live-{engine}.json", {**figures, "days": DAYS, "devices_late": devices})
    assert figures["live_ms_p99"] < 1_000
    assert figures["probe_ms_p99"] < 1_000
