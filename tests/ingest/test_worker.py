import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import CollectorRegistry

from contracts import events, receipts
from contracts.feed import Accepted
from contracts.topics import Channel
from ingest.errors import Stopped
from ingest.parcel import Message as Anything
from ingest.settings import Settings, Share
from ingest.worker import Worker
from runtime.clock import System
from runtime.mqtt import Lost
from store.errors import Gone, Retry
from tests.ingest.parts import PARK, Frames, Message, Roster, Sink, message

Handler = Callable[[Anything], None]


class Client:
    """The broker's client as the worker sees it."""

    def __init__(self) -> None:
        self.filters: dict[str, Handler] = {}
        self.receipts: list[receipts.Receipt] = []
        self.acked_before: list[int] = []
        self.lost = False
        self.paused = False
        self.pauses = 0
        self.sent: list[Message] = []

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        assert qos == 1
        self.filters[topic_filter] = handler

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        if self.lost:
            raise Lost("no connection")
        assert topic.endswith("/receipt")
        self.receipts.append(receipts.decode(payload))
        self.acked_before.append(sum(one.acks for one in self.sent))

    def pause(self) -> None:
        self.paused = True
        self.pauses += 1

    def resume(self) -> None:
        self.paused = False


class Stand:
    """A worker that runs, and everything around it."""

    def __init__(self, sink: Sink, roster: Roster, frames: Frames, settings: Settings) -> None:
        self.client = Client()
        self.sink = sink
        self.fed: list[Accepted] = []
        self.registry = CollectorRegistry()
        self.worker = Worker(
            name="w1",
            client=self.client,
            sink=sink,
            frames=frames,
            roster=roster,
            feed=self.fed.append,
            clock=System(),
            settings=settings,
            registry=self.registry,
        )
        self.task = asyncio.create_task(self.worker.run())

    def send(self, *messages: Message) -> None:
        for one in messages:
            self.client.sent.append(one)
            self.worker.handle(one)

    async def until(self, true: Callable[[], bool], limit: float = 60.0) -> None:
        async with asyncio.timeout(limit):
            while not true():
                assert not self.task.done(), self.task.exception()
                await asyncio.sleep(0.002)

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"imm_ingest_{name}", labels) or 0.0


Start = Callable[..., Stand]


@pytest.fixture
async def start(sink: Sink, roster: Roster, frames: Frames) -> AsyncIterator[Start]:
    stands: list[Stand] = []

    def begin(settings: Settings | None = None) -> Stand:
        stands.append(Stand(sink, roster, frames, settings or Settings()))
        return stands[-1]

    yield begin
    sink.gate.set()
    for stand in stands:
        stand.worker.stop()
        await asyncio.wait([stand.task], timeout=60)
        if not stand.task.done():
            stand.task.cancel()
        await asyncio.gather(stand.task, return_exceptions=True)


def pack(seq: int, **more: object) -> Message:
    return message([{"n": "a", "v": float(seq)}], seq=seq, **more)  # type: ignore[arg-type]


async def test_a_receipt_lists_what_was_written_and_only_then_is_it_acknowledged(start: Start) -> None:
    stand = start()
    await stand.until(lambda: len(stand.client.filters) == 4)
    assert "$share/ingest-telemetry/imm/v1/+/+/+/telemetry" in stand.client.filters
    stand.sink.gate.clear()
    stand.send(pack(1), pack(2), pack(4), pack(1, device=PARK))
    await asyncio.sleep(0.05)
    assert (stand.client.receipts, sum(one.acks for one in stand.client.sent)) == ([], 0)
    stand.sink.gate.set()
    await stand.until(lambda: all(one.acks == 1 for one in stand.client.sent))
    found = {receipt.stream: receipt.ranges for receipt in stand.client.receipts}
    assert found == {"kiosk-1/telemetry": ((1, 2), (4, 4)), "wifi-1/telemetry": ((1, 1),)}
    assert stand.client.acked_before == [0, 0]


async def test_writes_grow_while_one_runs(start: Start) -> None:
    stand = start()
    stand.sink.gate.clear()
    stand.send(pack(1))
    await stand.until(lambda: stand.worker._load.messages == 0)
    stand.send(*(pack(seq) for seq in range(2, 50)))
    stand.sink.gate.set()
    await stand.until(lambda: len(stand.sink.writes) == 2)
    assert [len(write.arrivals) for write in stand.sink.writes] == [1, 48]


async def test_a_bad_message_is_kept_receipted_and_stops_nothing(start: Start) -> None:
    stand = start()
    bad = message(b"{ not SenML", seq=2)
    stand.send(pack(1), bad, pack(3), message(b"?", topic="imm/v1/bima/kiosk/stranger/telemetry"))
    await stand.until(lambda: all(one.acks for one in stand.client.sent))
    (write,) = stand.sink.writes
    assert [a.sequence.seq for a in write.arrivals if a.sequence] == [1, 3]
    kept, stranger = write.dead
    assert (kept.payload, kept.field, kept.channel) == (b"{ not SenML", "payload", "telemetry")
    assert kept.reason.startswith("wrong-content: ")
    assert stranger.reason == "unknown-device: not in the roster"
    assert [receipt.ranges for receipt in stand.client.receipts] == [((1, 3),)]
    assert stand.count("messages_total", channel="telemetry", reason="wrong-content") == 1


async def test_the_feed_gets_what_is_new(start: Start) -> None:
    stand = start()
    alarm = events.Alarm(id="a", time=System().now(), name="door.opened")
    stand.send(pack(1), message(events.encode((alarm,)), channel=Channel.EVENT, seq=1))
    await stand.until(lambda: len(stand.fed) == 1)
    stand.send(pack(1))
    stand.send(pack(2))
    await stand.until(lambda: len(stand.fed) == 2)
    first, second = stand.fed
    assert (first.seq, second.seq, first.worker, len(first.block)) == (1, 2, "w1", 2)
    assert [event for _, event in first.events] == [alarm]
    assert [value for _, _, value in second.block.rows()] == [2.0]
    assert 0 < first.watermark <= second.watermark <= System().now()
    assert stand.count("duplicates_total") == 1


async def test_when_the_store_is_stuck_memory_stays_bounded_and_work_resumes(start: Start) -> None:
    stand = start(Settings(messages=10))
    stand.sink.gate.clear()
    seq = 0
    while not stand.client.paused:
        seq += 1
        stand.send(pack(seq))
        await asyncio.sleep(0)
        assert seq <= 30
    assert stand.worker._load.messages <= 10
    assert stand.count("paused") == 1
    stand.sink.gate.set()
    await stand.until(lambda: not stand.client.paused and all(one.acks for one in stand.client.sent))
    stand.send(pack(seq + 1))
    await stand.until(lambda: all(one.acks for one in stand.client.sent))
    assert sum(len(write.arrivals) for write in stand.sink.writes) == seq + 1


@pytest.mark.parametrize("settings", [Settings(records=100), Settings(bytes=100)])
async def test_each_bound_pauses(start: Start, settings: Settings) -> None:
    stand = start(settings)
    stand.sink.gate.clear()
    stand.send(pack(1))
    await stand.until(lambda: stand.worker._load.messages == 0)
    stand.send(message([{"n": "a", "v": 1.0}] * 100, seq=2))
    assert stand.client.paused


async def test_a_retried_write_is_receipted_once_it_is_durable(start: Start) -> None:
    stand = start()
    stand.sink.fails = [Retry("locked", after=0.01)]
    stand.send(pack(1))
    await stand.until(lambda: bool(stand.worker.trouble))
    await stand.until(lambda: bool(stand.client.receipts))
    assert stand.worker.trouble == ""
    assert stand.count("write_retries_total") == 1


async def test_a_noisy_device_is_boxed_and_its_neighbour_notices_nothing(start: Start) -> None:
    stand = start(Settings(share=Share(messages_per_s=0.001, burst_s=5_000)))
    stand.send(*(pack(seq) for seq in range(1, 30)), pack(1, device=PARK))
    await stand.until(lambda: all(one.acks for one in stand.client.sent))
    found = {receipt.stream: receipt.ranges for receipt in stand.client.receipts}
    assert found == {"kiosk-1/telemetry": ((1, 5),), "wifi-1/telemetry": ((1, 1),)}
    assert stand.count("messages_total", channel="telemetry", reason="boxed") == 24
    assert not [letter for write in stand.sink.writes for letter in write.dead]


async def test_a_lost_receipt_does_not_stop_it(start: Start) -> None:
    stand = start()
    stand.client.lost = True
    stand.send(pack(1))
    await stand.until(lambda: all(one.acks for one in stand.client.sent))
    stand.client.lost = False
    stand.send(pack(1))
    await stand.until(lambda: bool(stand.client.receipts))
    assert stand.count("receipts_lost_total") == 1


async def test_an_orderly_stop_writes_what_is_gathered(start: Start) -> None:
    stand = start()
    stand.send(pack(1), pack(2))
    stand.worker.stop()
    await asyncio.wait_for(stand.task, 60)
    assert stand.client.paused
    assert [receipt.ranges for receipt in stand.client.receipts] == [((1, 2),)]


async def test_a_store_that_is_gone_ends_the_worker(start: Start) -> None:
    stand = start()
    stand.sink.fails = [Gone("the file", cure="restart")]
    stand.send(pack(1))
    with pytest.raises(Stopped, match="restart"):
        await asyncio.wait_for(stand.task, 60)
    assert not any(one.acks for one in stand.client.sent)
