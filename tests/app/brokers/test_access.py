"""Mosquitto with TLS and accounts, as our processes and devices meet it through the one client."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.brokers.access import Access, Tls
from app.brokers.errors import Failure
from app.brokers.mosquitto import Mosquitto
from contracts.access import Role, account
from contracts.topics import Channel, Device, Kind, every, shared
from devices.broker import seed, state
from devices.broker.port import Account
from runtime import mqtt
from tests.fixtures.authority import NOW, Authority

pytestmark = pytest.mark.system

LIMIT = 60.0
K1 = Device(site="bima", kind=Kind.KIOSK, device="k1")
W1 = Device(site="kejaksan", kind=Kind.WIFI, device="w1")
INGEST = account(Role.INGEST)
Enter = Callable[..., AbstractAsyncContextManager[mqtt.Client]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    want = state.joined([state.platform(), *(state.own(Account(device=one)) for one in (K1, W1))])
    cert, key = authority.issue("broker")
    access = Access(
        seed=seed.document(want, {name: f"secret of {name}" for name in want.clients}, secrets.token_bytes),
        tls=Tls(ca_file=authority.file, cert_file=cert, key_file=key),
    )
    broker = Mosquitto(tmp_path_factory.mktemp("broker"), access=access)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def enter(secured: Mosquitto, authority: Authority, tmp_path: Path) -> Enter:
    """As a device by certificate, as somebody by a password over TLS, or as a process on loopback."""

    @asynccontextmanager
    async def connect(
        name: str, by: str = "certificate", pair: tuple[Path, Path] | None = None, **more: object
    ) -> AsyncIterator[mqtt.Client]:
        password = tmp_path / name
        password.write_text(f"secret of {name}\n")
        account: dict[str, object] = {"username": name, "password_file": password}
        trust: dict[str, object] = {"ca_file": authority.file}
        if by == "certificate":
            cert, key = pair or authority.issue(name)
            place, known = secured.certificates, {**trust, "cert_file": cert, "key_file": key}
        elif by == "password":
            place, known = secured.passwords, {**trust, **account}
        else:
            place, known = secured.endpoints[0], account
        assert place
        fields = {"host": place.host, "port": place.port, "longest_pause": 0.1, **known, **more}
        where = mqtt.Settings(**fields)  # type: ignore[arg-type]
        async with mqtt.Client(where, client_id=f"c-{name}") as client:
            yield client

    return connect


async def may_publish(client: mqtt.Client, topic: str) -> bool:
    await client.wait_connected(LIMIT)
    try:
        await client.publish(topic, b"")
    except mqtt.Denied as error:
        return error.code != 0x87
    return True


@pytest.mark.parametrize("by", ["certificate", "password"])
async def test_a_device_is_who_its_credentials_say(enter: Enter, by: str) -> None:
    async with enter("k1", by) as client:
        assert await may_publish(client, K1.topic(Channel.TELEMETRY))
        assert not await may_publish(client, W1.topic(Channel.TELEMETRY))
        assert not await may_publish(client, K1.topic(Channel.COMMAND))
        assert client.connection == 1


async def test_worker_shares_what_devices_say(enter: Enter) -> None:
    heard: list[str] = []

    def hear(message: mqtt.Message) -> None:
        message.ack()
        heard.append(message.topic)

    async with enter(INGEST, "loopback") as worker, enter("k1") as device, enter("w1") as other:
        for channel in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS):
            worker.subscribe(shared(f"ingest-{channel}", every(channel)), hear)
        await worker.wait_connected(LIMIT)
        assert await may_publish(device, K1.topic(Channel.TELEMETRY))
        assert await may_publish(other, W1.topic(Channel.EVENT))
        assert not await may_publish(worker, K1.topic(Channel.TELEMETRY))
        assert await may_publish(worker, K1.topic(Channel.RECEIPT))
        assert not await may_publish(worker, "imm/v1/bima/judgement/analytics/receipt")
        async with asyncio.timeout(LIMIT):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
    assert sorted(heard) == [K1.topic(Channel.TELEMETRY), W1.topic(Channel.EVENT)]


async def test_another_device_with_my_client_id_does_not_take_my_session(enter: Enter) -> None:
    """Its name is its client id, whatever it asks for; on loopback an account is bound to its own."""
    async with enter("k1") as mine:
        await mine.wait_connected(LIMIT)
        async with enter("w1") as thief:
            thief._client_id = "k1"
            await thief.wait_connected(LIMIT)
        async with enter("w1", "loopback") as thief:
            thief._client_id = "k1"
            assert await why(thief) == "the broker refused the connection: Not authorized"
        assert await may_publish(mine, K1.topic(Channel.TELEMETRY))
        assert mine.connection == 1


async def why(client: mqtt.Client) -> str:
    async with asyncio.timeout(LIMIT):
        while client.reason == "not started":
            await asyncio.sleep(0.01)
    return client.reason


@pytest.mark.parametrize(
    "name, by, more, reason",
    [
        ("k1", "password", {"username": "w1"}, "Not authorized"),
        ("k1", "password", {"username": "nobody"}, "Not authorized"),
        ("k1", "password", {"username": "", "password_file": None}, "Not authorized"),
        ("k1", "password", {"host": "localhost"}, "TLS: "),  # its certificate speaks of 127.0.0.1
        ("k1", "certificate", {"cert_file": None, "key_file": None}, "certificate required"),
        ("k1", "password", {"ca_file": None}, "closed|reset|lost"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    enter: Enter, name: str, by: str, more: dict[str, object], reason: str
) -> None:
    async with enter(name, by, **more) as client:
        await why(client)
        with pytest.raises(mqtt.Lost, match=reason):
            await client.wait_connected(0.5)


async def test_expired_early_and_foreign_certificates_are_refused(
    enter: Enter, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    day = timedelta(days=1)
    for pair, reason in [
        (authority.issue("k1", start=NOW - 2 * day, end=NOW - day), "certificate expired"),
        (authority.issue("k1", start=NOW + day, end=NOW + 2 * day), "bad certificate"),  # not valid yet
        (stranger.issue("k1"), "unknown ca"),
    ]:
        async with enter("k1", pair=pair) as client:
            assert await why(client) == f"TLS: the broker refuses: {reason}"
    async with enter("k1", ca_file=stranger.file) as client:
        assert await why(client) == "TLS: self-signed certificate in certificate chain"


async def test_a_renewed_certificate_is_used_without_a_restart(enter: Enter, authority: Authority) -> None:
    old, new = authority.issue("k1"), authority.issue("k1")
    files = [(path, path.read_bytes()) for path in old]
    async with enter("k1", pair=old) as client:
        await client.wait_connected(LIMIT)
        old[0].write_bytes(new[0].read_bytes())  # without its key: half of a renewal
        client.reconnect()
        async with asyncio.timeout(LIMIT):
            while "key values mismatch" not in client.reason.lower().replace("_", " "):
                await asyncio.sleep(0.01)
        assert str(old[0]) in client.reason
        old[1].write_bytes(new[1].read_bytes())
        await client.wait_connected(LIMIT)
        assert client.connection == 2
        assert await may_publish(client, K1.topic(Channel.TELEMETRY))
        for path, before in files:
            path.write_bytes(before)


def test_it_goes_nowhere_without_tls(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="for everyone"):
        Mosquitto(tmp_path, host="0.0.0.0", access=Access(seed=b"{}"))


def test_passwords_are_kept_hashed(secured: Mosquitto) -> None:
    file = secured.folder / "dynamic-security.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "secret of" not in file.read_text()
