"""Many devices in one process, each with a session, a will, and batches that it keeps until receipted.

They are kept in memory: a crowd shows what broker and platform bear, the fleet (`simulator.fleet`) what a
disk does.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from contracts import batches, ranges, receipts, status
from contracts.status import Status
from contracts.topics import Channel
from runtime import logs, mqtt, service
from runtime.clock import Clock, System
from runtime.spool import Item
from simulator import fleet
from simulator.fleet import Plan

_AGAIN: Final = 10.0  # seconds without a receipt until a batch is sent again
_TELL: Final = 0.1  # seconds between two words of what the crowd does
_FILES: Final = 65_536  # open at once, where the system lets us


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What a crowd says of itself, in a file that is replaced whole."""

    connected: int = 0
    returned: int = 0  # devices that are connected for the second time or more
    recorded: int = 0  # batches
    receipted: int = 0
    told: int = 0  # devices of which a batch was receipted since they returned
    resent: int = 0


class Member:
    """One device."""

    def __init__(self, number: int, plan: Plan, where: mqtt.Settings, clock: Clock) -> None:
        self.address = fleet.device(number, plan.site)
        self.recorded = self.receipted = self.resent = 0
        self.returned_at = 0  # number of the first batch recorded since it returned; 0: it did not
        self.told = False  # such a batch was receipted
        self._plan = plan
        self._clock = clock
        self._epoch = clock.now()
        self._stream = batches.Stream.of(self.address, Channel.TELEMETRY)
        self._kept: dict[int, tuple[Item, float]] = {}  # number → batch, and when it was last sent
        self.client = mqtt.Client(where, client_id=self.address.device, clock=clock, will=self._will)
        self.client.subscribe(self.address.topic(Channel.RECEIPT), self._receipt)
        self.client.on_connect(self._on_connect)
        self._greeting = asyncio.Event()
        self._due = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Batches without a receipt."""
        return len(self._kept)

    async def run(self, enough: asyncio.Event) -> None:
        """Connect within the first period; record batches until it is `enough`; send until the end."""
        await asyncio.sleep(random.uniform(0, self._plan.period))
        async with self.client, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._greet())
            tasks.create_task(self._keep_sending())
            await self._record(enough)

    async def _record(self, enough: asyncio.Event) -> None:
        due = self._clock.monotonic()
        while not enough.is_set():
            self.recorded += 1
            now = self._clock.now()
            made = fleet.batch(self.address, self._plan, self.recorded - 1, self._epoch, now)
            self._kept[self.recorded] = (made, -_AGAIN)
            self._due.set()
            due = max(due + self._plan.period, self._clock.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), due - self._clock.monotonic())

    async def _keep_sending(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _AGAIN)
            self._due.clear()
            await self._send()

    async def _send(self) -> None:
        for seq, (made, sent) in list(self._kept.items()):
            now = self._clock.monotonic()
            if now - sent < _AGAIN or not self.client.connected.is_set():
                continue
            attempt = 1 if sent < 0 else 2
            self.resent += attempt - 1
            self._kept[seq] = (made, now)
            place = batches.Sequence(stream=self._stream, epoch=self._epoch, seq=seq, attempt=attempt)
            with contextlib.suppress(mqtt.Failure, TimeoutError):  # sent again
                await self.client.publish(
                    made.topic, made.payload, properties=place.properties(), content_type=made.content_type
                )

    async def _greet(self) -> None:
        topic = self.address.topic(Channel.STATUS)
        while True:
            await self._greeting.wait()
            self._greeting.clear()
            with contextlib.suppress(mqtt.Failure, TimeoutError):
                await self.client.publish(topic, self._said("online", self.client.attempt), retain=True)

    def _on_connect(self) -> None:
        self._greeting.set()
        self._due.set()
        if self.client.connection > 1 and not self.returned_at:
            self.returned_at = self.recorded + 1
        self._kept = {seq: (made, min(sent, 0.0)) for seq, (made, sent) in self._kept.items()}

    def _receipt(self, message: mqtt.Message) -> None:
        message.ack()
        receipt = receipts.decode(message.payload)
        if receipt.epoch != self._epoch:
            return
        for seq in [one for one in self._kept if ranges.holds(receipt.ranges, one)]:
            del self._kept[seq]
            self.receipted += 1
            self.told |= 0 < self.returned_at <= seq

    def _will(self, connection: int) -> mqtt.Will:
        return mqtt.Will(topic=self.address.topic(Channel.STATUS), payload=self._said("offline", connection))

    def _said(self, state: str, connection: int) -> bytes:
        return status.encode(
            Status(
                state="online" if state == "online" else "offline",
                since=self._epoch,
                epoch=self._epoch,
                version="simulated",
                reason="" if state == "online" else "lost",
                connection=connection,
            )
        )


def count(members: Sequence[Member]) -> Crowd:
    """What the members do, together."""
    return Crowd(
        connected=sum(one.client.connected.is_set() for one in members),
        returned=sum(one.client.connected.is_set() and one.client.connection > 1 for one in members),
        recorded=sum(one.recorded for one in members),
        receipted=sum(one.receipted for one in members),
        told=sum(one.told for one in members),
        resent=sum(one.resent for one in members),
    )


async def _tell(members: Sequence[Member], path: Path) -> None:
    while True:
        _write(path, count(members))
        await asyncio.sleep(_TELL)


def _write(path: Path, crowd: Crowd) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(crowd))
    draft.replace(path)


@click.command()
@click.option("--port", required=True, type=int)
@click.option("--devices", default=1_000)
@click.option("--first", default=1)
@click.option("--period", default=10.0)
@click.option("--metrics", default=8)
@click.option("--state", "path", required=True, type=click.Path(path_type=Path))
@click.option("--stop-file", required=True, type=click.Path(path_type=Path))
def main(
    port: int, devices: int, first: int, period: float, metrics: int, path: Path, stop_file: Path
) -> None:
    """Run a crowd until the stop file appears and everything is receipted, or until SIGTERM."""
    logs.configure(level="ERROR")  # each lost connection would be a line
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _FILES) if hard > 0 else _FILES, hard))
    plan = Plan(devices=devices, first=first, period=period, metrics=metrics)
    clock = System()

    async def work(running: service.Service) -> None:
        where = mqtt.Settings(port=port, keepalive=60)
        members = [Member(number, plan, where, clock) for number in range(first, first + devices)]
        enough = asyncio.Event()
        running.start("words", _tell(members, path))
        for member in members:
            running.start(member.address.device, member.run(enough))
        while not running.stopping.is_set():
            if stop_file.exists():  # noqa: ASYNC240 - a look at a local folder, five times a second
                enough.set()
            if enough.is_set() and not any(one.waiting for one in members):
                running.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(running.stopping.wait(), 0.2)
        _write(path, count(members))
        await running.wait()

    service.run(work)


if __name__ == "__main__":
    main()
