"""One worker: from the shared subscription to receipts. Workers of a group divide the messages among them.

Two may stand in one process, one for alarms alone: each has its connection, its load and its write, so that
what waits in one lane holds up nothing in the other.

One write runs at a time; meanwhile the next is gathered, so writes grow with the load and stay small without
it. What waits is bounded in records, messages and bytes: beyond, the worker stops reading from the broker
until a write has made room.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
from prometheus_client import CollectorRegistry

from contracts import receipts, topics
from contracts.events import Event
from contracts.feed import Accepted
from contracts.roster import Reader
from contracts.series import Block
from contracts.topics import Channel, Device
from ingest import letters
from ingest.box import Box
from ingest.commit import Commit, Frames
from ingest.errors import Stopped
from ingest.feed import shown
from ingest.gather import Load, select
from ingest.mappings.load import Mappings
from ingest.metrics import Metrics
from ingest.parcel import NOT_KEPT, Message, Parcel, Verdict
from ingest.receipt import receipts as due
from ingest.route import CHANNELS, URGENT
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Clock
from runtime.ids import factory
from runtime.logs import clean
from runtime.mqtt import Lost
from store.errors import Failure
from store.sink import Committed, Sink

_log: Final = logging.getLogger(__name__)
_MANY: Final = 64  # messages: when more pause, the broker may wait for us (iotcore lets 100 be on the way)
_BEAT: Final = 5.0  # seconds without a write after which the feed says that we are there
_HURRY: Final = 4  # times as short is the wait for more then


class Client(Protocol):
    """What the worker needs of the broker's client (runtime.mqtt)."""

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None], *, qos: int = 1) -> None: ...
    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Worker:
    """Wires the stages. `name` stands in feed and ledger: unique among the workers that run."""

    def __init__(  # noqa: PLR0913 - the composition root of the stages
        self,
        *,
        name: str,
        client: Client,
        sink: Sink,
        frames: Frames,
        roster: Reader,
        feed: Callable[[Accepted], None],
        clock: Clock,
        settings: Settings,
        registry: CollectorRegistry,
        mappings: Mappings | None = None,
        channels: Sequence[Channel] = CHANNELS,
        metrics: Metrics | None = None,
    ) -> None:
        """`channels`: what it takes; `metrics`: where it counts beside another worker of this process."""
        self.name = topics.name("worker", name)
        self._client = client
        self._feed = feed
        self._clock = clock
        self._settings = settings
        self._ids = factory(clock)
        self._metrics = metrics or Metrics(registry)
        self._channels = channels
        self._urgent = set(channels) <= set(URGENT)
        self._box = Box(settings.share, clock)
        self._mappings = mappings or Mappings()
        self._stages = stages(roster, settings, mappings=self._mappings, box=self._box)
        self._commit = Commit(
            sink=sink,
            frames=frames,
            worker=name,
            clock=clock,
            ids=self._ids,
            kept=settings.kept,
            on_retry=self._on_retry,
        )
        self._load = Load()
        self._arrived = asyncio.Event()
        self._paused = False
        self._stopping = False
        self._started = clock.now()
        self._seq = 0
        self._watermark = 0
        self._told = clock.monotonic()
        self.trouble = ""  # why the write that runs does not succeed; empty while all is well

    async def run(self) -> None:
        """Work until `stop` is called, then write what is gathered. Raises Stopped."""
        group = self._settings.group  # one a filter: iotcore knows a group by its name alone
        for channel in self._channels:
            self._client.subscribe(topics.shared(f"{group}-{channel}", topics.every(channel)), self.handle)
        for number, foreign in enumerate(self._mappings.filters, 1):
            self._client.subscribe(topics.shared(f"{group}-mapping-{number}", foreign), self.handle)
        try:
            while not (self._stopping and not self._load.messages):
                load = await self._gathered()
                if load.messages:
                    await self._write(load)
        finally:
            self._commit.close()

    def stop(self) -> None:
        """Begin the orderly end: read no more, write what is gathered."""
        self._stopping = True
        self._pause()
        self._arrived.set()

    def handle(self, message: Message) -> None:
        """Take one message; called by the client in the loop's thread, never blocks."""
        parcel = Parcel(message, self._clock.now())
        load = self._load
        verdict = judge(parcel, load, self._stages)
        if verdict is not None and verdict.reason not in NOT_KEPT:
            verdict = self._box.letter(parcel) or verdict
        if verdict is not None and verdict.reason in NOT_KEPT:
            self._metrics.message(parcel.channel.value if parcel.channel else "", verdict.reason)
            message.ack()
            return
        if not load.messages:
            load.oldest = self._clock.monotonic()
        if verdict is None:
            self._box.charge(parcel)
            load.store(parcel)
        else:
            self._bury(load, parcel, verdict)
        self._arrived.set()
        if self._full(load):
            self._pause()

    def _bury(self, load: Load, parcel: Parcel, verdict: Verdict) -> None:
        _log.info("refused %s: %s", clean(parcel.message.topic, 120), clean(verdict.sentence))
        letter = letters.letter(parcel, verdict, id_=self._ids(), kept=self._settings.kept)
        load.bury(parcel, verdict.reason, letter)

    def _full(self, load: Load) -> bool:
        settings = self._settings
        return (
            len(load.block) >= settings.records
            or load.messages >= settings.messages
            or load.bytes >= settings.bytes
        )

    async def _gathered(self) -> Load:
        """The next load, once there is one, and it is full, old enough, or nothing more comes just now."""
        await self._arrived.wait()
        load = self._load
        until = load.oldest + self._settings.linger_s
        while not (self._stopping or self._full(load)):
            before = load.messages
            await asyncio.sleep(self._settings.quiet_s / (1 if before < _MANY else _HURRY))
            if load.messages == before or self._clock.monotonic() >= until:
                break
        self._load = Load()
        self._arrived.clear()
        if self._stopping:
            self._arrived.set()
        self._resume()
        return load

    async def _write(self, load: Load) -> None:
        began = self._clock.monotonic()
        try:
            load, committed = await self._commit(load)
        except Failure as error:
            raise Stopped(str(error)) from error
        self.trouble = ""
        self._metrics.write_seconds.observe(self._clock.monotonic() - began)
        self._count(load, committed)
        await self._receipt(load)
        for parcel in load.parcels():
            parcel.message.ack()
        self._publish(load, committed)

    async def _receipt(self, load: Load) -> None:
        """Say what is durable. QoS 0: one that is lost is asked for by the batch's next transmission."""
        sent = 0
        for topic, receipt in due(load.parcels(), load.gaps):
            try:
                await self._client.publish(topic, receipts.encode(receipt), qos=0)
                sent += 1
            except Lost:
                self._metrics.receipts_lost.inc()
        self._metrics.receipts.inc(sent)

    def _publish(self, load: Load, committed: Committed) -> None:
        """Hand the samples that are new to the feed."""
        block, events = load.block, tuple(load.events)
        if committed.duplicates:
            repeated = set(committed.duplicates)
            fresh = [parcel for i, parcel in enumerate(load.stored) if i not in repeated]
            block = select(block, [(parcel.start.rows, parcel.end.rows) for parcel in fresh])
            events = tuple(
                event for parcel in fresh for event in load.events[parcel.start.events : parcel.end.events]
            )
        block = shown(block)
        if not block and not events:
            return
        newest = int(np.frombuffer(block.times, np.int64).max()) if block else 0
        self._watermark = max(self._watermark, min(newest, self._clock.now()))
        self._metrics.watermark.set(self._watermark / 1e6)
        self._tell(block, events)

    def beat(self) -> None:
        """Say on the feed that nothing came, where nothing did: the silence is the devices', not ours."""
        if not self.trouble and self._clock.monotonic() - self._told >= _BEAT:
            self._tell(Block(), ())

    def _tell(self, block: Block, events: tuple[tuple[Device, Event], ...]) -> None:
        self._told = self._clock.monotonic()
        self._seq += 1
        self._feed(
            Accepted(
                worker=self.name,
                seq=self._seq,
                started=self._started,
                watermark=self._watermark,
                block=block,
                events=events,
                urgent=self._urgent,
            )
        )

    def _count(self, load: Load, committed: Committed) -> None:
        metrics = self._metrics
        repeated = len(committed.duplicates)
        metrics.messages(load.reasons)
        metrics.records.inc(committed.stored)
        metrics.bytes.inc(load.bytes)
        metrics.duplicates.inc(repeated + len(committed.dead_duplicates))
        metrics.unsequenced.inc(sum(parcel.sequence is None for parcel in load.stored))
        metrics.write_records.observe(len(load.block))
        metrics.gathered.set(self._load.messages)

    def _on_retry(self, why: str) -> None:
        self.trouble = why
        self._metrics.retries.inc()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._metrics.paused.set(1)
            self._client.pause()

    def _resume(self) -> None:
        if self._paused and not self._stopping:
            self._paused = False
            self._metrics.paused.set(0)
            self._client.resume()
