"""What a worker just made durable, for analytics and presence. It may lose: a hole in `seq` shows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from contracts import feed
from contracts.series import Block
from contracts.sketches import METRIC
from contracts.topics import PlatformTopic

CHANNEL: Final = "feed"
LARGEST: Final = (
    3_900_000  # bytes of one message: below the broker's limit of 4 MiB; larger ones are left out
)
Sink = Callable[[feed.Accepted], None]


def shown(block: Block) -> Block:
    """What may be told of a block: everything but sketches of visitors, which only the store merges."""
    if all(series.metric != METRIC for series in block.series):
        return block
    chosen = Block()
    for series, time, value in block.rows():
        if series.metric != METRIC:
            chosen.append(series, time, value)
    return chosen


class Publisher(Protocol):
    """What the feed needs of the broker's client."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None: ...


class Queue:
    """Bounded, in process. When full the oldest write is left out, so that a slow reader sees the newest."""

    def __init__(self, most: int = 64) -> None:
        self.lost = 0
        self._waiting: deque[feed.Accepted] = deque()
        self._most = most
        self._filled = asyncio.Event()

    def put(self, accepted: feed.Accepted) -> None:
        """Hand over; never blocks. Call from the loop's thread."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(accepted)
        self._filled.set()

    async def get(self) -> feed.Accepted:
        """The oldest one that waits; returns as soon as there is one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()


class Broadcast:
    """Between processes: `imm/v1/platform/{worker}/feed`, QoS 0."""

    def __init__(self, client: Publisher, worker: str, *, lost: type[Exception], most: int = 16) -> None:
        self._client = client
        self._topic = str(PlatformTopic(worker=worker, channel=CHANNEL))
        self._lost = lost  # what the client raises where the connection breaks
        self._queue = Queue(most)
        self.too_large = 0

    def put(self, accepted: feed.Accepted) -> None:
        """Hand over; never blocks."""
        self._queue.put(accepted)

    async def run(self) -> None:
        """Publish what is handed over, until cancelled."""
        while True:
            payload = feed.encode(await self._queue.get())
            if len(payload) > LARGEST:
                self.too_large += 1
                continue
            with contextlib.suppress(self._lost):  # readers see the hole in `seq` and read the store
                await self._client.publish(self._topic, payload, qos=0)
