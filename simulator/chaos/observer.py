"""A plain subscriber that takes no part: it watches first transmissions, judgements and receipts."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from contracts import ranges, receipts, topics
from contracts.batches import Sequence, sequence
from contracts.ranges import Ranges
from contracts.topics import Channel
from runtime.mqtt import Message


class Epoch(NamedTuple):
    """Of a stream."""

    stream: str
    epoch: int


class Observer:
    """Counts first transmissions of a stream that come after a later one of the same epoch."""

    def __init__(self) -> None:
        self.seen = 0
        self.violations = 0
        self.receipted: dict[Epoch, Ranges] = {}
        self._newest: dict[Epoch, int] = defaultdict(int)
        self._firsts: dict[Epoch, set[int]] = defaultdict(set)
        self._judged: dict[Epoch, set[int]] = defaultdict(set)

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe."""
        return (
            topics.every(Channel.TELEMETRY),
            topics.every(Channel.EVENT),
            topics.every(Channel.RECEIPT),
            topics.every_area("judgement"),
            topics.every_area("judgement", receipt=True),
        )

    def handle(self, message: Message) -> None:
        """Take one message."""
        message.ack()
        if message.topic.endswith("/receipt"):
            self._receipt(message.payload)
        elif place := sequence(message.properties):
            self._batch(place)

    def unanswered(self) -> int:
        """Judgements seen for which no receipt was seen yet."""
        return sum(
            not ranges.holds(self.receipted.get(epoch, ()), seq)
            for epoch, numbers in self._judged.items()
            for seq in numbers
        )

    @property
    def judged(self) -> int:
        """Judgements seen, each once."""
        return sum(len(numbers) for numbers in self._judged.values())

    def _receipt(self, payload: bytes) -> None:
        receipt = receipts.decode(payload)
        epoch = Epoch(receipt.stream, receipt.epoch)
        self.receipted[epoch] = ranges.union(self.receipted.get(epoch, ()), receipt.ranges)

    def _batch(self, place: Sequence) -> None:
        epoch = Epoch(str(place.stream), place.epoch)
        if place.stream.channel == "judgement":
            self._judged[epoch].add(place.seq)
        if place.attempt != 1 or place.seq in self._firsts[epoch]:
            return  # sent again, or the broker gave it twice
        self.seen += 1
        self._firsts[epoch].add(place.seq)
        if place.seq < self._newest[epoch]:
            self.violations += 1
        self._newest[epoch] = max(self._newest[epoch], place.seq)
