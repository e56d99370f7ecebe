"""Tell producers which of their judgements are durable.

Beside the intake, never in its way: a client that holds messages back reads no answers either.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from alerts.metrics import Metrics
from contracts import receipts
from contracts.batches import Sequence
from contracts.ranges import Ranges, of
from contracts.receipts import MOST_RANGES, Receipt
from contracts.topics import AreaTopic
from runtime.mqtt import Failure

_MOST: Final = 50_000  # numbers that may wait; beyond, the producer asks again


class Client(Protocol):
    """What receipts need of the broker's client (runtime.mqtt)."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None: ...


class Receipts:
    """What is durable and not yet told. A receipt that does not leave is dropped: the producer repeats."""

    def __init__(self, client: Client, metrics: Metrics, *, patience: float) -> None:
        self._client = client
        self._metrics = metrics
        self._patience = patience  # seconds for one receipt
        self._due: dict[tuple[AreaTopic, str, int], list[int]] = {}
        self._count = 0
        self._added = asyncio.Event()

    def add(self, where: AreaTopic, sequence: Sequence) -> None:
        """A producer's message is durable."""
        if self._count >= _MOST:
            self._metrics.receipts_lost.inc()
            return
        self._due.setdefault((where, str(sequence.stream), sequence.epoch), []).append(sequence.seq)
        self._count += 1
        self._added.set()

    async def run(self) -> None:
        """Send receipts for ever; what gathers while one is on its way leaves together."""
        while True:
            await self._added.wait()
            self._added.clear()
            due, self._due, self._count = self._due, {}, 0
            for (where, stream, epoch), numbers in due.items():
                ranges = of(numbers)
                for at in range(0, len(ranges), MOST_RANGES):
                    await self._send(where, stream, epoch, ranges[at : at + MOST_RANGES])

    async def _send(self, where: AreaTopic, stream: str, epoch: int, ranges: Ranges) -> None:
        topic = str(AreaTopic(site=where.site, area=where.area, subject=where.subject, receipt=True))
        payload = receipts.encode(Receipt(stream=stream, epoch=epoch, ranges=ranges))
        try:
            async with asyncio.timeout(self._patience):
                await self._client.publish(topic, payload, qos=1)
        except (Failure, TimeoutError):
            self._metrics.receipts_lost.inc()
