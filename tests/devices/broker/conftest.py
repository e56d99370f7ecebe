"""A Mosquitto with TLS, accounts and a list of revoked certificates, and the gate that manages it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.brokers.access import Access, Tls
from app.brokers.caller import Caller
from app.brokers.mosquitto import Mosquitto
from contracts.access import Role, account
from contracts.topics import Device, Kind
from devices.broker import seed, state
from devices.broker.control import Control
from devices.broker.dynsec import Dynsec
from devices.broker.port import Account
from runtime import ids, mqtt
from runtime.clock import System
from tests.fixtures.authority import Authority

LIMIT = 30.0
SECRET = "an old secret"
K1 = Device(site="bima", kind=Kind.KIOSK, device="k1")
K2 = Device(site="bima", kind=Kind.KIOSK, device="k2")
W1 = Device(site="kejaksan", kind=Kind.WIFI, device="w1")


class Wishes:
    """port.Wanted that a test writes."""

    def __init__(self, *accounts: Account) -> None:
        self.known = {one.device.device: one for one in accounts}

    def accounts(self) -> list[Account]:
        return list(self.known.values())

    def account(self, device: str) -> Account | None:
        return self.known.get(device)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Shared by a module's tests: each uses devices of its own, or admits them anew."""
    cert, key = authority.issue("broker")
    folder = tmp_path_factory.mktemp("secured")
    broker = Mosquitto(folder, access=access(authority, cert, key))
    broker.start()
    yield broker
    broker.stop()


def access(authority: Authority, cert: Path, key: Path) -> Access:
    platform = state.platform()
    return Access(
        seed=seed.document(platform, dict.fromkeys(platform.clients, SECRET), secrets.token_bytes),
        tls=Tls(ca_file=authority.file, cert_file=cert, key_file=key, crl_file=authority.crl),
    )


Enter = Callable[..., AbstractAsyncContextManager[Dynsec]]


@pytest.fixture
def enter(tmp_path: Path) -> Enter:
    """A gate on a broker, for what is wanted."""
    password = tmp_path / "password"
    password.write_text(SECRET)

    @asynccontextmanager
    async def opened(broker: Mosquitto, wishes: Wishes, role: Role = Role.DESK) -> AsyncIterator[Dynsec]:
        place = broker.endpoints[0]
        settings = mqtt.Settings(
            host=place.host,
            port=place.port,
            username=account(role),
            password_file=password,
            longest_pause=0.1,
        )
        client = mqtt.Client(settings, client_id=f"imm.gate.{secrets.token_hex(4)}")  # they must not meet
        control = Control(client, new_id=ids.factory(System()), clock=System(), patience=LIMIT)
        async with client:
            await client.wait_connected(LIMIT)
            yield Dynsec(control, wishes)

    return opened


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


@pytest.fixture
async def gate(enter: Enter, secured: Mosquitto, wishes: Wishes) -> AsyncIterator[Dynsec]:
    async with enter(secured, wishes) as opened:
        yield opened


Call = Callable[..., Caller]


@pytest.fixture
def call(secured: Mosquitto, authority: Authority) -> Iterator[Call]:
    """Connect as a device by certificate, or by password where one is given."""
    callers: list[Caller] = []

    def connect(name: str, password: str = "", **more: object) -> Caller:
        place = secured.passwords if password else secured.certificates
        assert place
        tls = authority.trust() if password else authority.trust(*authority.issue(name))
        known = {"tls": tls, "name": name if password else "", "password": password}
        callers.append(Caller(place, **(known | more)))  # type: ignore[arg-type]
        return callers[-1]

    yield connect
    for caller in callers:
        caller.drop()


def desk(broker: Mosquitto, role: Role = Role.DESK) -> Caller:
    """One of our processes, on loopback."""
    return Caller(broker.endpoints[0], account(role), SECRET)
