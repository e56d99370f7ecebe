"""A fleet that speaks MQTT: many devices in one process, through a real agent's spool and uplink.

Each device counts its ticks: the values of one start of the process are consecutive, so a hole in what was
stored is seen without asking the fleet.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import click
import msgspec

from contracts import batches, senml
from contracts.instants import DAY, HOUR, SECOND, floor
from contracts.series import Block, Series
from contracts.topics import Channel, Device, Kind
from runtime import logs, mqtt, service
from runtime.clock import Clock, System
from runtime.spool import Full, Item, Spool
from runtime.uplink import Settings as Sending
from runtime.uplink import Uplink

STEP = (
    1_000_000  # a start's first value is its second times this: starts never overlap within a million ticks
)
PEAK = 1_000.0  # value of `sim.level` at every `peak`-th tick; a rule may watch it
LEAST = 10.0  # and at all others
_log = logging.getLogger(__name__)
_AT_ONCE = 500  # batches of history a transaction


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the fleet does."""

    devices: int = 8
    first: int = 1  # number of the first of them
    site: str = "bima"
    period: float = 0.1  # seconds between two batches of a device
    metrics: int = 8  # samples in a batch, besides level
    peak: int = 0  # every so many ticks one level above all others; 0: never
    history_days: float = 0  # so much is in the spool before anything is sent, as if the line had been down
    history_step: float = 60.0  # seconds between two batches of that time


def device(number: int, site: str = "bima") -> Device:
    """Address of a device, numbered from 1."""
    return Device(site=site, kind=Kind.SENSOR, device=f"sim-{number:03d}")


def batch(address: Device, plan: Plan, tick: int, start: int, now: int) -> Item:
    """One batch of one device."""
    block = Block()
    for number in range(plan.metrics):
        block.append(_series(address, f"sim.count.{number}"), now, float(start // SECOND * STEP + tick))
    if plan.peak:
        block.append(_series(address, "sim.level"), now, PEAK if peaks(plan, tick) else LEAST)
    return Item(
        topic=address.topic(Channel.TELEMETRY),
        payload=senml.encode(block),
        content_type=batches.JSON,
        counts={floor(now, HOUR): len(block)},
    )


def peaks(plan: Plan, tick: int) -> bool:
    """Whether the level of this tick is above all others."""
    return plan.peak > 0 and tick % plan.peak == plan.peak - 1


async def record(plan: Plan, spool: Spool, clock: Clock, enough: asyncio.Event) -> None:
    """Record a batch of every device each period; the spool counts what the disk refuses.

    Ends once it is `enough`, not with a peak: an alert that stays open hides peaks that come late.
    """
    start, tick, told = clock.now(), 0, False
    due = clock.monotonic()
    while True:
        now = clock.now()
        with contextlib.suppress(Full):
            await asyncio.to_thread(spool.extend, _batches(plan, tick, start, now))
        if enough.is_set() and not peaks(plan, tick):
            return
        tick += 1
        if spool.shed and not told:
            told = True
            _log.warning("the spool is full: it gives up batches")
        due = max(due + plan.period, clock.monotonic())
        await asyncio.sleep(due - clock.monotonic())


def remember(plan: Plan, spool: Spool, clock: Clock) -> None:
    """Record what the fleet would have in its spool after days without a line."""
    now = clock.now()
    start = now - round(plan.history_days * DAY)
    step = round(plan.history_step * SECOND)
    waiting: list[Item] = []
    for tick, time in enumerate(range(start, now, step)):
        waiting += _batches(plan, tick, start, time)
        if len(waiting) >= _AT_ONCE:
            spool.extend(waiting)
            waiting = []
    spool.extend(waiting)


def _batches(plan: Plan, tick: int, start: int, now: int) -> list[Item]:
    numbers = range(plan.first, plan.first + plan.devices)
    return [batch(device(n, plan.site), plan, tick, start, now + n) for n in numbers]


def _series(address: Device, metric: str) -> Series:
    return Series(site=address.site, kind=address.kind, device=address.device, metric=metric)


async def _tell(spool: Spool, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        with contextlib.suppress(Full):
            await asyncio.to_thread(spool.tell)


async def _empty(spool: Spool) -> None:
    """Wait until every batch is receipted, and the last counts and losses are told."""
    while await asyncio.to_thread(spool.tell) or any(spool.depth().values()) or spool.losses:  # noqa: ASYNC110 - of a thread
        await asyncio.sleep(0.1)


@click.command()
@click.option("--spool", "path", required=True, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=1883)
@click.option("--devices", default=Plan().devices)
@click.option("--first", default=Plan().first)
@click.option("--period", default=Plan().period)
@click.option("--metrics", default=Plan().metrics)
@click.option("--peak", default=Plan().peak)
@click.option("--history-days", default=Plan().history_days, type=float)
@click.option("--history-step", default=Plan().history_step)
@click.option("--limit-bytes", default=256_000_000)
@click.option(
    "--stop-file", type=click.Path(path_type=Path), help="When it appears: record no more, send all, end."
)
def main(path: Path, host: str, port: int, limit_bytes: int, stop_file: Path | None, **plan: float) -> None:
    """Run a fleet until SIGTERM, or until the stop file appears and everything is receipted."""
    logs.configure()
    chosen = msgspec.convert(plan, Plan)
    clock = System()

    async def work(running: service.Service) -> None:
        settings = mqtt.Settings(host=host, port=port)
        with Spool(path, clock=clock, limit_bytes=limit_bytes) as spool:
            if chosen.history_days:
                await asyncio.to_thread(remember, chosen, spool, clock)
            async with mqtt.Client(settings, client_id=f"fleet-{path.stem}", clock=clock) as client:
                sending = Sending(patience=5.0, longest_patience=10.0)
                running.start("uplink", Uplink(spool, client, clock=clock, settings=sending).run())
                running.start("tally", _tell(spool, 5.0))
                enough = asyncio.Event()
                recording = asyncio.create_task(record(chosen, spool, clock, enough))
                if await _told(stop_file, running.stopping):
                    enough.set()
                    await recording
                    await _empty(spool)
                    running.stop()
                await _stop(recording)
                await running.wait()

    service.run(work)


async def _told(path: Path | None, stopping: asyncio.Event) -> bool:
    """Wait until the stop file appears (true) or a stop comes (false)."""
    while not stopping.is_set():
        if path and path.exists():  # noqa: ASYNC240 - a look at a local folder, ten times a second
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 0.1)
    return False


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
