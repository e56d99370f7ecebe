"""A wish reaches the device and comes back as a report, whichever broker forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from app.brokers.port import Broker, endpoint
from city.db import Database
from city.outbox.events import event
from contracts import shadow
from contracts.settables import Value
from contracts.shadow import Desired
from contracts.topics import Channel, Device, Kind
from devices.shadow.herald import Herald
from edge.shadow import Shadow
from edge.state import Folder
from runtime import ids, mqtt
from runtime.clock import Fake
from tests.devices.commands.conftest import roster
from tests.devices.shadow.conftest import Den
from tests.fixtures.far import LIMIT, until


class Stage:
    def __init__(self, db: Database, broker: Broker, folder: Path) -> None:
        self.site = f"s{ids.uuid7(Fake())[-12:]}"
        self.den = Den(db, Fake(), roster(self.site))
        self.settings = mqtt.Settings(port=endpoint(broker, 5).port, longest_pause=0.2)
        self.address = Device(site=self.site, kind=Kind.KIOSK, device="k1")
        self.folder = folder
        self.volume: Value | None = None

    @asynccontextmanager
    async def herald(self, *, led_from: asyncio.Event | None = None) -> AsyncIterator[Herald]:
        """A desk's; without `led_from` it leads at once."""
        async with mqtt.Client(self.settings, client_id=f"{self.site}-desk") as client:
            herald = Herald(
                db=self.den.db,
                clock=self.den.clock,
                client=client,
                roster=self.den.roster,
                service=self.den.service,
                registry=CollectorRegistry(),
            )
            await client.wait_connected(LIMIT)

            async def lead() -> None:
                if led_from is not None:
                    await led_from.wait()
                await herald.run()

            work = asyncio.create_task(lead())
            try:
                yield herald
            finally:
                work.cancel()
                await asyncio.wait([work])

    @asynccontextmanager
    async def device(self) -> AsyncIterator[mqtt.Client]:
        async with mqtt.Client(self.settings, client_id=f"{self.site}-k1") as client:
            keeper = Shadow(client, self.address, Folder(self.folder), clock=Fake(), epoch=1)
            keeper.register("volume", self.apply)
            work = asyncio.create_task(keeper.run())
            await client.wait_connected(LIMIT)
            try:
                yield client
            finally:
                work.cancel()
                await asyncio.wait([work])

    async def apply(self, value: Value | None) -> Value | None:
        self.volume = value
        return value

    async def wish(self, herald: Herald, volume: int) -> None:
        await asyncio.to_thread(lambda: self.den.wish(volume=volume))
        told = event("shadow.changed", id="1", source="/x", subject="k1", time=1, data={})
        await herald.deliver(told)

    async def settles(self) -> None:
        await until(lambda: self.den.get().settled)


async def test_a_wish_comes_true_and_holds_when_the_broker_is_killed(
    lite: Database, own_broker: Broker, tmp_path: Path
) -> None:
    stage = Stage(lite, own_broker, tmp_path)
    async with stage.herald() as herald, stage.device() as client:
        await stage.wish(herald, 20)
        await stage.settles()
        assert stage.volume == 20
        own_broker.kill()
        await until(lambda: not client.connected.is_set() and not herald._client.connected.is_set())
        await asyncio.to_thread(lambda: stage.den.wish(volume=35))  # while the broker is away
        own_broker.start(LIMIT)
        await until(lambda: stage.volume == 35)
        await stage.settles()


async def test_a_device_that_comes_later_finds_its_wish(
    lite: Database, mosquitto: Broker, tmp_path: Path
) -> None:
    stage = Stage(lite, mosquitto, tmp_path)
    async with stage.herald() as herald:
        await stage.wish(herald, 20)
        async with stage.device():
            await stage.settles()


async def test_what_was_reported_while_another_led_is_kept_by_who_leads_next(
    lite: Database, broker: Broker, tmp_path: Path
) -> None:
    stage, leads = Stage(lite, broker, tmp_path), asyncio.Event()
    seen: list[bytes] = []

    def see(message: mqtt.Message) -> None:
        message.ack()
        seen.append(message.payload)

    async with stage.herald() as first:
        await stage.wish(first, 20)
    async with (
        mqtt.Client(stage.settings, client_id=f"{stage.site}-far") as far,
        stage.herald(led_from=leads) as second,
        stage.device(),
    ):
        far.subscribe(stage.address.topic(Channel.SHADOW_REPORTED), see)
        await until(lambda: any(b'"version":1' in payload for payload in seen))
        await until(lambda: bool(second._passed))
        assert not stage.den.get().settled
        leads.set()
        await stage.settles()


async def test_what_stands_at_another_place_is_cleared_and_foreign_reports_are_not_kept(
    lite: Database, mosquitto: Broker, tmp_path: Path
) -> None:
    stage = Stage(lite, mosquitto, tmp_path)
    old = Device(site=f"{stage.site}-old", kind=Kind.KIOSK, device="k1")
    seen: list[bytes] = []

    def see(message: mqtt.Message) -> None:
        message.ack()
        seen.append(message.payload)

    async with mqtt.Client(stage.settings, client_id=f"{stage.site}-far") as far:
        await far.wait_connected(LIMIT)
        wish = shadow.encode(Desired(version=1, values={}, time=1))
        await far.publish(old.topic(Channel.SHADOW_DESIRED), wish, retain=True)
        report = b'{"version":0,"values":{"volume":1},"time":1}'
        await far.publish(old.topic(Channel.SHADOW_REPORTED), report)
        far.subscribe(old.topic(Channel.SHADOW_DESIRED), see)
        await until(lambda: len(seen) == 1)
        async with stage.herald() as herald:
            await until(lambda: seen[-1] == b"")
            foreign = herald._heard.labels("foreign")._value
            before = foreign.get()  # what other tests left at the broker
            await far.publish(old.topic(Channel.SHADOW_REPORTED), report)
            await until(lambda: foreign.get() == before + 1)
            await far.publish(stage.address.topic(Channel.SHADOW_REPORTED), b"{")
            await until(lambda: herald._heard.labels("unreadable")._value.get() == 1)
    assert stage.den.get().reported is None
