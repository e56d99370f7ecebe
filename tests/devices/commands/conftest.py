"""A desk on each database with a few devices, and devices of its own on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import devices.commands.history
from app.brokers.port import Broker, endpoint
from city.audit import Trail
from city.db import Database, History, Lease
from city.identity.caller import SYSTEM, Caller
from contracts import commands, status
from contracts.commands import Command, Result, RunDiagnostics, State, What
from contracts.roster import Entry
from contracts.status import Status
from contracts.topics import Channel, Kind
from devices.commands import Desk, Record
from devices.commands.model import Told
from devices.commands.online import Online
from devices.commands.post import Post
from devices.reach import Reach
from devices.roster import Roster
from runtime import ids as makers
from runtime import mqtt
from runtime.clock import Fake
from tests.devices.conftest import HISTORIES
from tests.fixtures.far import LIMIT, until

ALL = (*HISTORIES, devices.commands.history.HISTORY)
NAMES = ("k1", "k2", "k3", "w1")


def roster(site: str = "bima") -> Roster:
    def entry(device: str) -> Entry:
        kind = Kind.WIFI if device.startswith("w") else Kind.KIOSK
        operator = "Indosat" if device == "k3" else "city"
        return Entry(device=device, kind=kind, site=site, operator=operator, labels={"area": device[0]})

    return Roster([entry(device) for device in NAMES])


class House:
    """A desk, and how it is used in a line."""

    def __init__(self, db: Database, clock: Fake, known: Roster) -> None:
        self.db = db
        self.clock = clock
        self.roster = known
        self.ids = makers.factory(clock)
        self.desk = Desk(db, clock=clock, ids=self.ids, trail=Trail(clock=clock), reach=Reach(known))

    def issue(
        self, device: str = "k1", what: What | None = None, *, by: Caller = SYSTEM, seconds: int = 300
    ) -> Record:
        with self.db.begin() as tx:
            return self.desk.issue(
                tx, by, device, what or RunDiagnostics(), why="to see whether it is well", seconds=seconds
            )

    def get(self, key: str) -> Told:
        return self.desk.get(SYSTEM, key)


@pytest.fixture(scope="session")
def histories() -> Sequence[History]:
    return ALL


@pytest.fixture
def house(db: Database, clock: Fake) -> House:
    return House(db, clock, roster())


class Town(House):
    """A house with its post on a real broker."""

    def __init__(self, db: Database, clock: Fake, broker: Broker) -> None:
        self.site = f"s{makers.uuid7(Fake())[-12:]}"
        super().__init__(db, clock, roster(self.site))
        self.settings = mqtt.Settings(port=endpoint(broker, 5).port, longest_pause=0.2)

    @asynccontextmanager
    async def post(self, name: str = "desk") -> AsyncIterator[Post]:
        lease = Lease(self.db, "outbox", self.clock, seconds=3_600)
        async with mqtt.Client(self.settings, client_id=f"{self.site}-{name}") as client:
            post = Post(
                db=self.db,
                clock=self.clock,
                client=client,
                online=Online(client, self.roster, self.clock),
                voice=self.desk.voice,
                registry=CollectorRegistry(),
            )
            await client.wait_connected(LIMIT)
            assert await asyncio.to_thread(lease.take)
            work = asyncio.create_task(post.run(lease))
            try:
                yield post
            finally:
                fault = work.exception() if work.done() else None
                work.cancel()
                await asyncio.wait([work])
                await asyncio.to_thread(lease.give_back)
                if fault:
                    raise fault

    @asynccontextmanager
    async def device(self, name: str = "k1", *, epoch: int = 1) -> AsyncIterator[Puppet]:
        puppet = Puppet(self, name, epoch)
        async with puppet.client:
            await puppet.client.wait_connected(LIMIT)
            await puppet.online()
            yield puppet

    async def state(self, key: str, wanted: str) -> Told:
        await until(lambda: self.get(key).state.value == wanted)
        return self.get(key)


class Puppet:
    """A device that says what the test wants."""

    def __init__(self, town: Town, name: str, epoch: int) -> None:
        entry = town.roster.get(name)
        assert entry is not None
        self.entry = entry
        self.epoch = epoch
        self.got: list[Command] = []
        self.asks: list[mqtt.Ask] = []
        self.client = mqtt.Client(town.settings, client_id=f"{town.site}-{name}")
        self.client.subscribe(entry.address.topic(Channel.COMMAND), self._came)

    def _came(self, message: mqtt.Message) -> None:
        message.ack()
        self.got.append(commands.decode(message.payload))
        self.asks.append(message.ask)

    async def online(self, *, online: bool = True) -> None:
        told = Status(state="online" if online else "offline", since=1, epoch=self.epoch, version="1")
        await self.client.publish(self.entry.address.topic(Channel.STATUS), status.encode(told), retain=True)

    async def say(self, key: str, number: int, state: State, **more: Any) -> None:
        result = Result(id=key, number=number, state=state, time=1, **more)
        await self.client.publish(self.entry.address.topic(Channel.RESULT), commands.encode(result))

    async def gets(self, count: int = 1) -> list[Command]:
        await until(lambda: len(self.got) >= count)
        return self.got


@pytest.fixture
def town(lite: Database, clock: Fake, mosquitto: Broker) -> Town:
    return Town(lite, clock, mosquitto)
