"""A plain subscriber that knows nothing of receipts: it watches the order of first transmissions."""

from __future__ import annotations

from collections import defaultdict

from contracts import topics
from contracts.batches import sequence
from contracts.topics import Channel
from runtime.mqtt import Message


class Observer:
    """Counts first transmissions of a stream that come after a later one of the same epoch."""

    def __init__(self) -> None:
        self.seen = 0
        self.violations = 0
        self._newest: dict[tuple[str, int], int] = defaultdict(int)
        self._firsts: dict[tuple[str, int], set[int]] = defaultdict(set)

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe."""
        return topics.every(Channel.TELEMETRY), topics.every(Channel.EVENT)

    def handle(self, message: Message) -> None:
        """Take one message."""
        message.ack()
        place = sequence(message.properties)
        if place is None or place.attempt != 1:
            return
        stream = (str(place.stream), place.epoch)
        if place.seq in self._firsts[stream]:
            return  # the broker gave it twice
        self.seen += 1
        self._firsts[stream].add(place.seq)
        if place.seq < self._newest[stream]:
            self.violations += 1
        self._newest[stream] = max(self._newest[stream], place.seq)
