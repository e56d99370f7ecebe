import asyncio
import contextlib
from array import array
from collections.abc import Callable

from contracts import feed
from contracts.series import Block, Series
from contracts.topics import Kind
from ingest.feed import LARGEST, Broadcast, Queue


class Lost(Exception):
    pass


class Client:
    """Publishes, or has no connection."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.away = False
        self.refused = 0

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        if self.away:
            self.refused += 1
            raise Lost
        self.sent.append((topic, payload, qos))


def accepted(seq: int, rows: int = 1) -> feed.Accepted:
    block = Block()
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="x")
    block.append(series, 5, 1.0)
    block.index *= rows
    block.times *= rows
    block.numbers = array("d", [1.0] * rows)
    return feed.Accepted(worker="w1", seq=seq, started=1, watermark=5, block=block)


async def test_a_full_queue_leaves_out_the_oldest() -> None:
    queue = Queue(most=2)
    for seq in (1, 2, 3):
        queue.put(accepted(seq))
    assert [(await queue.get()).seq, (await queue.get()).seq] == [2, 3]
    assert queue.lost == 1


async def test_a_reader_waits_for_the_next() -> None:
    queue = Queue()
    reader = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not reader.done()
    queue.put(accepted(1))
    assert (await asyncio.wait_for(reader, 60)).seq == 1


async def test_over_the_broker_it_may_lose_and_never_stops() -> None:
    client = Client()
    broadcast = Broadcast(client, "w1", lost=Lost)
    task = asyncio.create_task(broadcast.run())
    broadcast.put(accepted(1))
    await _until(lambda: len(client.sent) == 1)
    client.away = True
    broadcast.put(accepted(2))
    await _until(lambda: client.refused == 1)
    client.away = False
    broadcast.put(accepted(3, rows=LARGEST // 20 + 1))
    broadcast.put(accepted(4))
    await _until(lambda: len(client.sent) == 2)
    assert [(topic, feed.decode(payload).seq, qos) for topic, payload, qos in client.sent] == [
        ("imm/v1/platform/w1/feed", 1, 0),
        ("imm/v1/platform/w1/feed", 4, 0),
    ]
    assert broadcast.too_large == 1
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.001)
