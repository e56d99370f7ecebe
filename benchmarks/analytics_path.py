"""From the publish of a sample to the retained message of its alert, while thousands of others come in."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from contracts import batches, senml, topics
from contracts.alerts import decode
from contracts.batches import Sequence, Stream
from contracts.series import Block, Series
from contracts.topics import Channel, Device
from runtime import mqtt
from runtime.clock import System
from runtime.mqtt import Message
from simulator.chaos.stack import Stack, Stuck
from simulator.fleet import LEAST, PEAK, device

T = TypeVar("T")
BARE: Final = "bench/round-trip"
_LOAD: Final = 100  # devices of the load …
_METRICS: Final = 10  # … with so many samples in a batch
_OURS: Final = 10  # devices whose alerts are timed
_WITHIN: Final = 60.0  # seconds for one message to come
_SETTLE: Final = 200  # batches of the load before the first is timed


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from publish to arrival."""

    alerts: list[float]
    bare: list[float]

    def figures(self) -> dict[str, Any]:
        """Milliseconds, and the alert's way in bare round trips of the same moments."""
        told, bare = (
            {f"p{part}": round(float(np.percentile(seconds, part)) * 1_000, 2) for part in (50, 99)}
            for seconds in (self.alerts, self.bare)
        )
        return {
            "alerts": len(self.alerts),
            **{f"sample_to_alert_ms_{part}": value for part, value in told.items()},
            **{f"bare_round_trip_ms_{part}": value for part, value in bare.items()},
            **{f"ratio_{part}": round(told[part] / bare[part], 1) for part in told},
        }


def run(*, rate: int, rounds: int, broker: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Time `rounds` alerts at `rate` samples a second on the embedded store. Raises Stuck."""
    with tempfile.TemporaryDirectory(prefix="imm-analytics-") as folder:
        times = asyncio.run(_timed(Path(folder), rate, rounds, broker, say))
    return {"samples_per_s": rate, **times.figures()}


async def _timed(folder: Path, rate: int, rounds: int, broker: str, say: Callable[[str], None]) -> Times:
    stack = Stack(folder, broker=broker, devices=_LOAD + _OURS)
    period = _LOAD * _METRICS / rate
    stack.add(
        "load",
        [
            *(sys.executable, "-m", "simulator.fleet", "--spool", str(folder / "load.spool")),
            *("--port", str(stack.port), "--stop-file", str(folder / "load.spool.stop")),
            *("--devices", str(_LOAD), "--metrics", str(_METRICS), "--period", str(period)),
        ],
    )
    async with AsyncExitStack() as open_:
        open_.push_async_callback(stack.stop)
        say("starting")
        await stack.start()
        bench = Bench()
        client = mqtt.Client(mqtt.Settings(port=stack.port), client_id="bench")
        client.subscribe(topics.every_area("alert"), bench.alert)
        client.subscribe(BARE, bench.bare)
        client.subscribe(topics.every(Channel.RECEIPT), bench.receipt)
        await open_.enter_async_context(client)
        await client.wait_connected(_WITHIN)
        await _within(bench.settled.wait())
        alerts: list[float] = []
        bare: list[float] = []
        for number in range(rounds):
            if number % 10 == 0:
                say(f"alert {number} of {rounds}")
            bare.append(await bench.round_trip(client))
            alerts.append(await bench.raise_and_clear(client, number % _OURS))
        return Times(alerts=alerts, bare=bare)


class Bench:
    """Publishes and hears."""

    def __init__(self) -> None:
        self.settled = asyncio.Event()
        self._receipts = 0
        self._heard: dict[str, asyncio.Future[float]] = {}  # device or alert → when it was heard of
        self._alerts: dict[str, str] = {}  # device → id of its alert
        self._epoch = System().now()
        self._numbers = [0] * _OURS

    def alert(self, message: Message) -> None:
        """A retained alert was written or cleared."""
        now = time.perf_counter()
        message.ack()
        id_ = message.topic.rsplit("/", 1)[-1]
        if message.payload:
            found = decode(message.payload)
            self._alerts[found.device] = id_
            self._hear(found.device, now)
        else:
            self._hear(id_, now)

    def bare(self, message: Message) -> None:
        """Our own message is back."""
        now = time.perf_counter()
        message.ack()
        self._hear(BARE, now)

    def receipt(self, message: Message) -> None:
        """The load flows."""
        message.ack()
        self._receipts += 1
        if self._receipts == _SETTLE:
            self.settled.set()

    async def round_trip(self, client: mqtt.Client) -> float:
        """Seconds of one message through the broker and back."""
        heard = self._await(BARE)
        began = time.perf_counter()
        await client.publish(BARE, b"x" * 200)
        return await _within(heard) - began

    async def raise_and_clear(self, client: mqtt.Client, which: int) -> float:
        """Seconds until a device's alert stands; returns once it is gone again."""
        address = device(_LOAD + 1 + which)
        heard = self._await(address.device)
        began = time.perf_counter()
        await self._publish(client, address, which, PEAK)
        took = await _within(heard) - began
        over = self._await(self._alerts[address.device])
        await self._publish(client, address, which, LEAST)
        await _within(over)
        return took

    async def _publish(self, client: mqtt.Client, address: Device, which: int, value: float) -> None:
        self._numbers[which] += 1
        block = Block()
        series = Series(site=address.site, kind=address.kind, device=address.device, metric="sim.level")
        block.append(series, System().now(), value)
        place = Sequence(
            stream=Stream.of(address, Channel.TELEMETRY), epoch=self._epoch, seq=self._numbers[which]
        )
        await client.publish(
            address.topic(Channel.TELEMETRY),
            senml.encode(block),
            properties=place.properties(),
            content_type=batches.JSON,
        )

    def _await(self, what: str) -> asyncio.Future[float]:
        heard = self._heard[what] = asyncio.get_running_loop().create_future()
        return heard

    def _hear(self, what: str, now: float) -> None:
        heard = self._heard.pop(what, None)
        if heard is not None and not heard.done():
            heard.set_result(now)


async def _within(awaited: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_WITHIN):
            return await awaited
    except TimeoutError:
        raise Stuck(f"nothing came within {_WITHIN:.0f} s") from None
