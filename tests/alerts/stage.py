"""Intake, relay and publisher on a real broker, and a producer that waits for its receipts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from alerts import publish
from alerts.desk import Desk
from alerts.intake import Intake
from alerts.settings import Settings
from app.brokers.port import Broker
from city import outbox
from city.db import Database
from city.outbox import Relay
from contracts import judgements, receipts
from contracts.batches import Sequence, Stream
from contracts.judgements import Judgement
from contracts.ranges import union
from contracts.topics import AreaTopic
from runtime import mqtt
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.mqtt import Client, Message

LIMIT = 60.0  # seconds in which an effect must appear
FAST = outbox.Settings(lease=0.6, poll=0.02, first_delay=0.01, most_delay=0.1)


async def until(condition: Callable[[], bool], limit: float = LIMIT) -> None:
    end = time.monotonic() + limit
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def address(broker: Broker) -> mqtt.Settings:
    (endpoint, *_) = [one for one in broker.endpoints if 5 in one.protocols]
    return mqtt.Settings(host=endpoint.host, port=endpoint.port)


@dataclass
class Watcher:
    """A plain client: what it saw, and what it was told to send."""

    client: Client
    receipts: dict[tuple[str, int], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    retained: dict[str, bytes] = field(default_factory=dict)  # topic → payload, as the broker keeps it
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, message: Message) -> None:
        message.ack()
        if message.topic.endswith("/receipt"):
            receipt = receipts.decode(message.payload)
            key = (receipt.stream, receipt.epoch)
            self.receipts[key] = union(self.receipts.get(key, ()), receipt.ranges)
        else:
            self.seen.append((message.topic, message.payload))
            self.retained[message.topic] = message.payload
            if not message.payload:
                del self.retained[message.topic]

    async def send(self, judgement: Judgement, seq: int | None = None, *, site: str = "") -> None:
        topic = str(AreaTopic.judgement(site or judgement.site, judgement.producer))
        await self.send_raw(topic, judgements.encode(judgement), seq, producer=judgement.producer)

    async def send_raw(self, topic: str, payload: bytes, seq: int | None = None, *, producer: str) -> None:
        stream = Stream(device=producer, channel="judgement")
        properties = Sequence(stream=stream, epoch=7, seq=seq).properties() if seq else ()
        await self.client.publish(topic, payload, properties=properties)


@asynccontextmanager
async def watching(broker: Broker, name: str, site: str) -> AsyncIterator[Watcher]:
    """A client that hears receipts and alerts of one site."""
    async with Client(address(broker), client_id=f"watch-{name}") as client:
        watcher = Watcher(client)
        client.subscribe(f"imm/v1/{site}/judgement/+/receipt", watcher.hear)
        client.subscribe(f"imm/v1/{site}/alert/+", watcher.hear)
        await client.wait_connected(LIMIT)
        yield watcher


@asynccontextmanager
async def working(
    broker: Broker,
    db: Database,
    clock: Clock,
    ids: Factory,
    name: str,
    *,
    settings: Settings | None = None,
    window: int = 1_000,
) -> AsyncIterator[Desk]:
    """Intake, relay and publisher in one process, on one connection."""
    async with Client(address(broker), client_id=f"alerts-{name}", receive_maximum=window) as client:
        registry = CollectorRegistry()
        intake = Intake(client=client, db=db, clock=clock, ids=ids, registry=registry, settings=settings)
        told = publish.deliverer(client=client, db=db, registry=registry)
        relay = Relay(db, clock, [told], settings=FAST)
        tasks = [asyncio.create_task(intake.run()), asyncio.create_task(relay.run())]
        try:
            await client.wait_connected(LIMIT)
            yield Desk(db, clock=clock, ids=ids)
            failed = [task.exception() for task in tasks if task.done()]
            assert not failed
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
