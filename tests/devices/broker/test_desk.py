"""The whole way: what the registry says of a device in the city's database is soon so at the broker."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.brokers.access import Access, Tls
from app.brokers.caller import REFUSED, Caller
from app.brokers.mosquitto import Mosquitto
from app.histories import HISTORIES
from app.parts import Parts
from app.processes import accounts
from app.settings import Broker, Settings, resolve
from city.identity.caller import SYSTEM
from contracts.access import Role, account
from contracts.enrolment import Ask
from contracts.topics import Channel, Device, Kind
from devices.broker import seed, state
from devices.broker.files import Files
from devices.ca import root as making
from devices.registry import Plan
from ingest.settings import Settings as Ingest
from runtime import mqtt
from runtime.clock import System
from runtime.ports import free_port
from runtime.service import Service
from tests.devices.broker.conftest import LIMIT, SECRET
from tests.devices.ca.makers import csr
from tests.fixtures.tables import ready

pytestmark = pytest.mark.system

CUT = 5.0  # seconds from the registry's word to the end of the session
ROSTER = '[[device]]\ndevice = "taman-udara-1"\nkind = "sensor"\nsite = "bima"\n'
S1 = Device(site="bima", kind=Kind.SENSOR, device="s1")


@pytest.fixture
async def parts(tmp_path: Path, root: Path) -> AsyncIterator[Parts]:
    """What the desk has, with an authority; nothing runs yet."""
    (tmp_path / "password").write_text(SECRET)
    (tmp_path / "roster.toml").write_text(ROSTER)
    settings = resolve(
        Settings(
            data=tmp_path / "data",
            roster=tmp_path / "roster.toml",
            ingest=Ingest(mappings=(root / "deploy" / "mappings",)),
            broker=Broker(choice="external", access="accounts", trust=tmp_path / "trust"),
            mqtt=mqtt.Settings(
                port=free_port(), username=account(Role.DESK), password_file=tmp_path / "password"
            ),
        )
    )
    ready(settings.city.url, HISTORIES).close()
    async with asyncio.TaskGroup() as tasks:
        service = Service(tasks, System())
        async with Parts(settings, service) as made:
            offline = making.make(tmp_path / "root.key", "sangat rahasia sekali", made.clock.now())
            authority = made.fleet.authority
            with made.db.begin() as tx:
                authority.add(tx, offline, starts=made.clock.now())
            yield made
            service.stop()


@pytest.fixture
async def broker(parts: Parts, tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """Without any device; it believes our authority, and the desk keeps its accounts."""
    folder = tmp_path / "trust"
    Files(folder, partial(accounts.trust, parts)).write()
    cert, key = tmp_path / "server.pem", tmp_path / "server.key"
    with parts.db.begin() as tx:
        plain, chain = parts.fleet.authority.serve(tx, ["127.0.0.1"], days=1)
    cert.write_text(chain)
    key.write_text(plain)
    platform = state.platform()
    found = Mosquitto(
        tmp_path / "broker",
        port=parts.settings.mqtt.port,
        access=Access(
            seed=seed.document(platform, dict.fromkeys(platform.clients, SECRET), secrets.token_bytes),
            tls=Tls(ca_file=folder / "ca.pem", cert_file=cert, key_file=key, crl_file=folder / "crl.pem"),
        ),
    )
    found.start()
    await accounts.start(parts)
    yield found
    found.stop()


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


async def test_a_stolen_device_is_cut_and_its_certificate_comes_in_no_more(
    broker: Mosquitto, parts: Parts, tmp_path: Path
) -> None:
    """From a claim to a certificate of the city's authority, to a session, to the end of it."""
    fleet, place = parts.fleet, broker.certificates
    assert place
    key = ec.generate_private_key(ec.SECP256R1())
    with parts.db.begin() as tx:
        fleet.registry.add(tx, SYSTEM, Plan(device="k9", kind=Kind.KIOSK, site="bima"))
        code = fleet.claims.make(tx, SYSTEM, "k9").code
    given = fleet.enrolment.enrol(Ask(code=code, csr=csr("k9", key=key)), source="10.0.0.1/32")
    cert, private = tmp_path / "k9.pem", tmp_path / "k9.key"
    cert.write_text(given.certificate)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.create_default_context(cadata=given.trusted)
    tls.load_cert_chain(cert, private)
    own = "imm/v1/bima/kiosk/k9/telemetry"

    def may() -> bool:
        with Caller(place, tls=tls) as caller:
            return not caller.refused and caller.say([own])[0] < REFUSED

    await eventually(may)
    live = Caller(place, tls=tls)
    before = (tmp_path / "trust" / "crl.pem").read_text()
    with parts.db.begin() as tx:
        fleet.ending.disable(tx, SYSTEM, "k9", why="stolen", stolen=True)
    began = time.monotonic()
    await eventually(lambda: live.until(lambda: live.lost, 0.02), CUT)
    assert live.lost - began < CUT
    with Caller(place, tls=tls) as mute:  # as long as the list is not read again
        assert mute.say([own])[0] >= REFUSED
    await eventually(lambda: (tmp_path / "trust" / "crl.pem").read_text() != before)
    broker.reload()
    await eventually(lambda: bool(Caller(place, tls=tls).refused), CUT)
