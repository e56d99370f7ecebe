"""The whole way: what the registry says of a device in the city's database is soon so at the broker."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from app.brokers.access import Access
from app.brokers.caller import REFUSED, Caller
from app.brokers.mosquitto import Mosquitto
from app.histories import HISTORIES
from app.parts import Parts
from app.processes import accounts
from app.settings import Broker, Settings, resolve
from city.db import Database, upgrade
from city.identity.caller import SYSTEM
from contracts.access import Role, account
from contracts.topics import Channel, Device, Kind
from devices.broker import seed, state
from devices.registry import Plan
from ingest.settings import Settings as Ingest
from runtime import mqtt
from runtime.clock import System
from runtime.service import Service
from tests.devices.broker.conftest import LIMIT, SECRET

pytestmark = pytest.mark.system

CUT = 5.0  # seconds from the registry's word to the end of the session
ROSTER = '[[device]]\ndevice = "taman-udara-1"\nkind = "sensor"\nsite = "bima"\n'
S1 = Device(site="bima", kind=Kind.SENSOR, device="s1")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Without any device, on loopback."""
    platform = state.platform()
    document = seed.document(platform, dict.fromkeys(platform.clients, SECRET), secrets.token_bytes)
    found = Mosquitto(tmp_path / "broker", access=Access(seed=document))
    found.start()
    yield found
    found.stop()


@pytest.fixture
async def parts(broker: Mosquitto, tmp_path: Path, root: Path) -> AsyncIterator[Parts]:
    """What the desk has, with its accounts kept."""
    (tmp_path / "password").write_text(SECRET)
    (tmp_path / "roster.toml").write_text(ROSTER)
    place = broker.endpoints[0]
    settings = resolve(
        Settings(
            data=tmp_path / "data",
            roster=tmp_path / "roster.toml",
            ingest=Ingest(mappings=(root / "deploy" / "mappings",)),
            broker=Broker(choice="external", access="accounts"),
            mqtt=mqtt.Settings(
                port=place.port, username=account(Role.DESK), password_file=tmp_path / "password"
            ),
        )
    )
    database = Database.of(settings.city)
    upgrade(database, HISTORIES)
    database.close()
    async with asyncio.TaskGroup() as tasks:
        service = Service(tasks, System())
        async with Parts(settings, service) as made:
            await accounts.start(made)
            yield made
            service.stop()


async def eventually(condition: Callable[[], bool], limit: float = LIMIT) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_disabled_device_is_cut_and_an_enabled_one_let_in(broker: Mosquitto, parts: Parts) -> None:
    fleet = parts.fleet
    with parts.db.begin() as tx:
        fleet.registry.add(tx, SYSTEM, Plan(device="s1", kind=Kind.SENSOR, site="bima"))
        password = fleet.accounts.make(tx, SYSTEM, "s1").password

    def call(name: str = "s1") -> Caller:
        return Caller(broker.endpoints[0], name, password, client_id=name)

    await eventually(lambda: not call().refused)
    live = call()
    assert max(live.say([S1.topic(Channel.TELEMETRY)])) < REFUSED
    with parts.db.begin() as tx:
        fleet.ending.disable(tx, SYSTEM, "s1", why="stolen", stolen=True)
    began = time.monotonic()
    await eventually(lambda: live.until(lambda: live.lost, 0.02), CUT)
    assert live.lost - began < CUT
    assert "Not authorized" in call().refused
    with parts.db.begin() as tx:
        fleet.registry.enable(tx, SYSTEM, "s1")
    await eventually(lambda: not call().refused, CUT)
    with parts.db.begin() as tx:
        fleet.ending.retire(tx, SYSTEM, "s1", why="worn out")
    await eventually(lambda: bool(call().refused), CUT)


async def test_devices_of_the_file_and_topics_of_third_parties_are_known(
    broker: Mosquitto, parts: Parts
) -> None:
    await eventually(lambda: all(part.ok for part in parts.service.health.snapshot()))
    kept = msgspec.json.decode((broker.folder / "dynamic-security.json").read_bytes())
    held = {one["rolename"]: {acl["topic"] for acl in one["acls"]} for one in kept["roles"]}
    assert "taman-udara-1" in {one["username"] for one in kept["clients"]}
    assert "tele/taman-udara-1/SENSOR" in held["device.taman-udara-1"]
    assert "$share/+/tele/+/SENSOR" in held["imm.ingest"]
