"""The retained roster on real brokers: true after changes, after a kill, and cleared when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from app.brokers.port import Broker
from city.db import Database
from city.identity.caller import SYSTEM
from city.outbox import Relay
from contracts import roster
from contracts.roster import Entry
from contracts.topics import AreaTopic, Kind
from devices.registry import Registry, State
from devices.registry.publish import deliverer
from devices.roster import Roster
from runtime.clock import Fake, System
from runtime.ids import Factory
from runtime.mqtt import Client, Message
from tests.alerts.stage import FAST, LIMIT, address, until
from tests.devices.conftest import plan, registry_of, vault_of

OF_FILE = Entry(device="old-01", kind=Kind.KIOSK, site="bima")


@asynccontextmanager
async def publishing(broker: Broker, db: Database) -> AsyncIterator[None]:
    """Relay and publisher on one connection, as the desk process has them."""
    async with Client(address(broker), client_id="desk") as client:
        told = deliverer(client=client, db=db, beside=Roster([OF_FILE]), registry=CollectorRegistry())
        relay = asyncio.create_task(Relay(db, System(), [told], settings=FAST).run())
        try:
            yield
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)


@asynccontextmanager
async def reading(broker: Broker) -> AsyncIterator[Callable[[], dict[str, Entry]]]:
    """What a client that comes now is told of the roster, and what it hears then."""
    kept: dict[str, bytes] = {}

    def hear(message: Message) -> None:
        message.ack()
        kept[message.topic] = message.payload

    async with Client(address(broker), client_id="app") as client:
        client.subscribe("imm/v1/+/roster/+", hear)
        await client.wait_connected(LIMIT)
        yield lambda: {topic: roster.decode(payload) for topic, payload in kept.items() if payload}


def topic(device: str, site: str = "bima") -> str:
    return str(AreaTopic.roster(site, device))


async def test_it_is_true(
    own_broker: Broker, lite: Database, tmp_path: Path, clock: Fake, ids: Factory
) -> None:
    registry: Registry = registry_of(lite, vault_of(lite, tmp_path, clock), clock, ids)
    async with Client(address(own_broker), client_id="before") as client:  # left behind by an older version
        await client.wait_connected(LIMIT)
        await client.publish(topic("gone-01"), roster.encode(OF_FILE), retain=True)
    async with publishing(own_broker, lite), reading(own_broker) as told:
        await until(lambda: set(told()) == {topic("old-01")})
        with lite.begin() as tx:
            registry.add(tx, SYSTEM, plan(), state=State.ENROLLED)
            registry.add(tx, SYSTEM, plan("kiosk-08"))
        await until(lambda: set(told()) == {topic("old-01"), topic("kiosk-07")})
        with lite.begin() as tx:
            registry.change(tx, SYSTEM, plan(title="Baru", site="kejaksan"))
        await until(lambda: set(told()) == {topic("old-01"), topic("kiosk-07", "kejaksan")})
        assert told()[topic("kiosk-07", "kejaksan")].title == "Baru"
    own_broker.kill()
    own_broker.start(LIMIT)
    async with publishing(own_broker, lite):
        async with reading(own_broker) as told:
            await until(lambda: set(told()) == {topic("old-01"), topic("kiosk-07", "kejaksan")})
        with lite.begin() as tx:
            registry.retire(tx, SYSTEM, "kiosk-07", why="rusak")
        async with reading(own_broker) as told:
            await until(lambda: set(told()) == {topic("old-01")})
