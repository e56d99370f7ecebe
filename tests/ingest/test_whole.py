"""Real brokers of each kind, a real embedded store, two workers in one group."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from app.brokers.port import Broker, endpoint
from contracts import batches, instants, ranges, receipts
from contracts.feed import Accepted
from contracts.series import Selector
from contracts.topics import Channel, Device, Kind, every
from ingest.route import CHANNELS
from ingest.settings import Settings
from ingest.worker import Worker
from runtime import mqtt
from runtime.clock import System
from store.bundle import Store, open_store
from store.settings import Embedded, Frames
from store.settings import Settings as StoreSettings
from store.sink import Committed, Sink, Write
from tests.ingest.parts import Roster

SITE = "whole"  # of this file alone: the broker is shared
DEVICES = [Device(site=SITE, kind=Kind.SENSOR, device=f"whole-{i}") for i in range(3)]
Received = dict[str, ranges.Ranges]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Frames(path=tmp_path / "frames"),
    )
    with open_store(settings, System()) as opened:
        yield opened


class Gate:
    """The store's sink with a gate before it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.open = threading.Event()
        self.open.set()
        self.seen = 0  # messages
        self.places: list[batches.Sequence] = []
        self.killed = False

    def commit(self, write: Write) -> Committed:
        self.seen += len(write.arrivals)
        self.places += [arrival.sequence for arrival in write.arrivals if arrival.sequence]
        assert self.open.wait(60)
        if self.killed:
            raise RuntimeError("killed before the write")
        return self._sink.commit(write)


class City:
    """Devices that publish, what they were receipted, and workers of one group."""

    def __init__(self, broker: Broker, store: Store, group: str) -> None:
        place = endpoint(broker, 5)
        self._broker = mqtt.Settings(host=place.host, port=place.port)
        self.store = store
        self.group = group
        self.received: Received = {}
        self.began = System().now() - instants.MINUTE

    @asynccontextmanager
    async def edge(self) -> AsyncIterator[mqtt.Client]:
        """The devices' connection, which hears receipts."""
        async with mqtt.Client(self._broker, client_id=f"{self.group}-edge") as client:
            client.subscribe(every(Channel.RECEIPT).replace("+", SITE, 1), self._receipt)
            await client.wait_connected(60)
            yield client

    @asynccontextmanager
    async def worker(
        self,
        name: str,
        sink: Sink,
        *,
        messages: int = 2_000,
        channels: Sequence[Channel] = CHANNELS,
        feed: Callable[[Accepted], None] = lambda _: None,
    ) -> AsyncIterator[Worker]:
        """A worker whose subscription holds; stopped in order at the end, unless it failed."""
        client = mqtt.Client(self._broker, client_id=f"{self.group}-{name}")
        worker = Worker(
            name=name,
            client=client,
            sink=sink,
            frames=self.store.frames,
            roster=Roster(*DEVICES),
            feed=feed,
            clock=System(),
            settings=Settings(group=self.group, messages=messages),
            registry=CollectorRegistry(),
            channels=channels,
        )
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(0)  # it subscribes before there is a connection
        async with client:
            await client.wait_connected(60)
            yield worker
            worker.stop()
            await task

    def _receipt(self, message: mqtt.Message) -> None:
        receipt = receipts.decode(message.payload)
        old = self.received.get(receipt.stream, ())
        assert receipt.epoch == 1
        self.received[receipt.stream] = ranges.union(old, receipt.ranges)
        message.ack()

    def has_receipt(self, place: batches.Sequence) -> bool:
        return ranges.holds(self.received.get(str(place.stream), ()), place.seq)

    async def publish(self, client: mqtt.Client, device: Device, seqs: range, attempt: int = 1) -> None:
        stream = batches.Stream.of(device, Channel.TELEMETRY)
        for seq in seqs:
            place = batches.Sequence(stream=stream, epoch=1, seq=seq, attempt=attempt)
            time = (self.began + seq * 1_000) / 1e6
            payload = f'[{{"n":"x","bt":{time:.6f},"v":{seq}}},{{"n":"y","v":{seq}}}]'
            await client.publish(
                device.topic(Channel.TELEMETRY), payload.encode(), properties=place.properties()
            )

    def stored(self, device: Device) -> list[object]:
        selector = Selector(devices=(device.device,), metrics=("x",))
        now = System().now()
        return [v for points in self.store.engine.range(selector, self.began, now) for v in points.values]

    def ledger(self) -> tuple[int, int, int]:
        rows = self.store.ledger.rows(0, System().now())
        return (
            sum(row.stored for row in rows),
            sum(row.duplicated for row in rows),
            sum(row.dead for row in rows),
        )


async def until(true: Callable[[], bool], limit: float = 60.0) -> None:
    async with asyncio.timeout(limit):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
def city(broker: Broker, store: Store, tmp_path: Path) -> City:
    return City(broker, store, tmp_path.name.replace("_", "-").rstrip("-"))


def whole(seqs: range, devices: Sequence[Device] = DEVICES) -> Received:
    return {f"{device.device}/telemetry": ((seqs.start, seqs.stop - 1),) for device in devices}


async def test_two_workers_share_and_every_batch_is_stored_once(city: City) -> None:
    gates = [Gate(city.store.sink), Gate(city.store.sink)]
    async with city.worker("a", gates[0]), city.worker("b", gates[1]), city.edge() as edge:
        for _ in range(2):
            await asyncio.gather(*(city.publish(edge, device, range(1, 101)) for device in DEVICES))
            await until(lambda: city.received == whole(range(1, 101)))
        await until(lambda: city.ledger() == (600, 600, 0))
    assert all(gate.seen > 50 for gate in gates)
    assert all(city.stored(device) == [float(seq) for seq in range(1, 101)] for device in DEVICES)
    assert city.store.ledger.holes() == []


async def test_what_a_killed_worker_had_is_receipted_by_nobody_until_it_is_stored(city: City) -> None:
    gate = Gate(city.store.sink)
    gate.open.clear()
    async with city.worker("b", city.store.sink), city.edge() as edge:
        with pytest.raises(RuntimeError, match="killed"):
            async with city.worker("a", gate):
                await asyncio.gather(*(city.publish(edge, device, range(1, 101)) for device in DEVICES))
                await until(lambda: gate.seen > 0 and city.ledger()[0] > 0)
                assert not [place for place in gate.places if city.has_receipt(place)]
                gate.killed = True
                gate.open.set()
        await asyncio.gather(*(city.publish(edge, device, range(1, 101), attempt=2) for device in DEVICES))
        await until(lambda: city.received == whole(range(1, 101)))
    assert city.ledger()[0] == 600
    assert all(city.stored(device) == [float(seq) for seq in range(1, 101)] for device in DEVICES)


async def test_a_stuck_store_holds_the_broker_back_not_memory(city: City) -> None:
    gate = Gate(city.store.sink)
    gate.open.clear()
    async with city.worker("a", gate, messages=20) as worker, city.edge() as edge:
        await asyncio.gather(*(city.publish(edge, device, range(1, 401)) for device in DEVICES))
        await until(lambda: gate.seen > 0 and worker._paused and worker._load.messages == 20)
        await city.publish(edge, DEVICES[0], range(401, 501))
        assert worker._load.messages == 20
        assert city.received == {}
        gate.open.set()
        wanted = whole(range(1, 401)) | whole(range(1, 501), DEVICES[:1])
        await until(lambda: city.received == wanted)
        assert city.ledger() == (2_600, 0, 0)
