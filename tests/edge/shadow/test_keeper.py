"""What is desired holds on the device, whoever is away; what does not hold is reported with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.brokers.port import Broker, endpoint
from contracts import shadow
from contracts.settables import Value
from contracts.shadow import Desired, Reported
from contracts.topics import Channel, Device, Kind
from edge.shadow import Shadow
from edge.state import Folder
from runtime import ids, mqtt
from runtime.clock import Fake
from tests.fixtures.far import LIMIT, until


class Scene:
    def __init__(self, broker: Broker, folder: Path) -> None:
        self.settings = mqtt.Settings(port=endpoint(broker, 5).port, longest_pause=0.2)
        self.device = Device(site=f"s{ids.uuid7(Fake())[-12:]}", kind=Kind.KIOSK, device="k1")
        self.folder = Folder(folder)
        self.folder.prepare()
        self.heard: list[Reported] = []
        self.volume: Value = 50
        self.applied: list[Value | None] = []

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[mqtt.Client]:
        def hear(message: mqtt.Message) -> None:
            message.ack()
            if message.payload:
                self.heard.append(shadow.decode_reported(message.payload))

        async with mqtt.Client(self.settings, client_id=f"{self.device.site}-desk") as client:
            client.subscribe(self.device.topic(Channel.SHADOW_REPORTED), hear)
            await client.wait_connected(LIMIT)
            yield client

    @asynccontextmanager
    async def keeper(self, *, connects: bool = True) -> AsyncIterator[Shadow]:
        settings = self.settings if connects else mqtt.Settings(port=1, longest_pause=0.2)
        async with mqtt.Client(settings, client_id=f"{self.device.site}-k1") as client:
            keeper = Shadow(client, self.device, self.folder, clock=Fake(), epoch=7)
            keeper.register("volume", self.apply, holds=50)
            work = asyncio.create_task(keeper.run())
            try:
                yield keeper
            finally:
                work.cancel()
                await asyncio.wait([work])

    async def apply(self, value: Value | None) -> Value:
        self.applied.append(value)
        if value == 13:
            raise ValueError("it brings bad luck")
        self.volume = 50 if value is None else value
        return self.volume

    async def wish(self, client: mqtt.Client, version: int, **values: Value) -> None:
        payload = shadow.encode(Desired(version=version, values=values, time=1))
        await client.publish(self.device.topic(Channel.SHADOW_DESIRED), payload, retain=True)

    async def reported(self, condition: Callable[[Reported], bool]) -> Reported:
        await until(lambda: bool(self.heard) and condition(self.heard[-1]))
        return self.heard[-1]


@pytest.fixture
def scene(mosquitto: Broker, tmp_path: Path) -> Scene:
    return Scene(mosquitto, tmp_path)


async def test_values_are_applied_and_reported_with_reasons(scene: Scene) -> None:
    async with scene.desk() as desk, scene.keeper():
        assert (await scene.reported(lambda one: one.version == 0)).values == {"volume": 50}
        await scene.wish(desk, 3, volume=20, brightness=5)
        found = await scene.reported(lambda one: one.version == 3)
        assert found.values == {"volume": 20}
        assert found.refused == {"brightness": "this device has nothing of that name to set"}
        await scene.wish(desk, 4, volume=13)
        found = await scene.reported(lambda one: one.version == 4)
        assert (found.values, found.refused) == ({"volume": 20}, {"volume": "it brings bad luck"})
        await scene.wish(desk, 5)
        found = await scene.reported(lambda one: one.version == 5)
        assert (found.values, found.refused, found.epoch) == ({"volume": 50}, {}, 7)


async def test_what_is_desired_holds_after_a_restart_without_the_centre(scene: Scene) -> None:
    async with scene.desk() as desk, scene.keeper():
        await scene.wish(desk, 1, volume=20)
        await scene.reported(lambda one: one.version == 1)
    scene.volume = 50
    async with scene.keeper(connects=False):
        await until(lambda: scene.volume == 20)


async def test_an_older_state_is_not_applied_and_the_newer_is_reported_again(scene: Scene) -> None:
    async with scene.desk() as desk, scene.keeper():
        await scene.wish(desk, 9, volume=20)
        await scene.reported(lambda one: one.version == 9)
        count = len(scene.heard)
        await scene.wish(desk, 8, volume=80)
        await until(lambda: len(scene.heard) > count)
        assert (scene.heard[-1].version, scene.volume) == (9, 20)


async def test_it_is_reported_again_to_a_broker_that_forgot(own_broker: Broker, tmp_path: Path) -> None:
    scene = Scene(own_broker, tmp_path)
    async with scene.desk() as desk, scene.keeper():
        await scene.wish(desk, 2, volume=30)
        await scene.reported(lambda one: one.version == 2)
        own_broker.kill()
        await until(lambda: not desk.connected.is_set())
        scene.heard.clear()
        own_broker.start(LIMIT)
        found = await scene.reported(lambda one: one.version == 2)
    assert found.values == {"volume": 30}


async def test_nonsense_is_passed_over_and_a_damaged_file_forgotten(scene: Scene) -> None:
    scene.folder.write("desired.json", b"{broken")
    async with scene.desk() as desk, scene.keeper():
        await scene.reported(lambda one: one.version == 0)
        await desk.publish(scene.device.topic(Channel.SHADOW_DESIRED), b"{}", retain=False)
        await scene.wish(desk, 1, volume=10)
        await scene.reported(lambda one: one.version == 1)
    assert scene.volume == 10
