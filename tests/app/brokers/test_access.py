"""Mosquitto with TLS and accounts: a device says and hears its own channels, one by one, and nothing else."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.brokers.access import Access, Role, control_list
from app.brokers.mosquitto import Mosquitto
from contracts.topics import (
    READ_BY_DEVICE,
    WRITTEN_BY_DEVICE,
    AreaTopic,
    Channel,
    Device,
    Kind,
    every,
    every_area,
    shared,
)
from runtime import mqtt

pytestmark = pytest.mark.system

LIMIT = 60.0
K1 = Device(site="bima", kind=Kind.KIOSK, device="k1")
W1 = Device(site="kejaksan", kind=Kind.WIFI, device="w1")
ROLES = {"worker-1": Role.INGEST, "desk": Role.DESK, "signs": Role.APP}
Enter = Callable[..., AbstractAsyncContextManager[mqtt.Client]]


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of two authorities, and of the broker by the first."""
    made = tmp_path_factory.mktemp("tls")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        authority = ("-keyout", made / f"{name}.key", "-out", made / f"{name}.pem", "-subj", f"/CN={name}")
        openssl("req", "-x509", *curve, *authority, "-addext", "keyUsage=critical,keyCertSign")
    signed = ("-CA", made / "ca.pem", "-CAkey", made / "ca.key", "-addext", "subjectAltName=IP:127.0.0.1")
    openssl(
        "req", "-x509", *curve, "-keyout", made / "s.key", "-out", made / "s.pem", "-subj", "/CN=s", *signed
    )
    for name in (*ROLES, K1.device, W1.device):
        (made / name).write_text(f"secret of {name}\n")
    return made


@pytest.fixture(scope="module")
def secured(folder: Path) -> Iterator[Mosquitto]:
    access = Access(
        cert_file=folder / "s.pem",
        key_file=folder / "s.key",
        passwords={name: f"secret of {name}" for name in (*ROLES, K1.device, W1.device)},
        roles=ROLES,
        devices=[K1, W1],
    )
    broker = Mosquitto(folder / "broker", access=access)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def enter(secured: Mosquitto, folder: Path) -> Enter:
    @asynccontextmanager
    async def connect(name: str, **more: object) -> AsyncIterator[mqtt.Client]:
        place = secured.endpoints[0]
        known = {
            "host": place.host,
            "username": name,
            "password_file": folder / name,
            "ca_file": folder / "ca.pem",
        }
        where = mqtt.Settings(port=place.port, longest_pause=0.1, **(known | more))  # type: ignore[arg-type]
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


async def test_device_writes_its_own_channels_and_nothing_else(enter: Enter) -> None:
    async with enter("k1") as client:
        for channel in Channel:
            assert await may_publish(client, K1.topic(channel)) == (channel in WRITTEN_BY_DEVICE)
            assert not await may_publish(client, W1.topic(channel))
        for area in ("alert", "takeover", "roster", "judgement"):
            assert not await may_publish(client, str(AreaTopic(site="bima", area=area, subject="x")))
        assert not await may_publish(client, "imm/v1/platform/w1/feed")
        assert not await may_publish(client, K1.topic(Channel.TELEMETRY) + "/more")
        assert client.connection == 1


async def test_device_hears_its_own_channels_and_its_site_and_nothing_else(enter: Enter) -> None:
    heard: set[str] = set()

    def hear(message: mqtt.Message) -> None:
        message.ack()
        heard.add(message.topic)

    said = [
        *(
            device.topic(channel)
            for device in (K1, W1)
            for channel in (Channel.COMMAND, Channel.SHADOW_DESIRED)
        ),
        *(
            str(AreaTopic(site=site, area=area, subject="x"))
            for site in ("bima", "kejaksan")
            for area in ("alert", "takeover", "roster")
        ),
    ]
    async with enter("k1") as device, enter("desk") as desk, enter("worker-1") as worker:
        device.subscribe("#", hear)
        await device.wait_connected(LIMIT)
        for topic in said:
            assert await may_publish(desk, topic)
        assert await may_publish(worker, K1.topic(Channel.RECEIPT))
        last = K1.topic(Channel.COMMAND)
        heard.discard(last)
        await desk.publish(last, b"")
        async with asyncio.timeout(LIMIT):
            while not {last, K1.topic(Channel.RECEIPT)} <= heard:
                await asyncio.sleep(0.01)
    expected = {K1.topic(channel) for channel in READ_BY_DEVICE}
    expected |= {str(AreaTopic(site="bima", area=area, subject="x")) for area in ("alert", "takeover")}
    assert heard == expected


async def test_worker_shares_what_devices_say(enter: Enter) -> None:
    heard: list[str] = []

    def hear(message: mqtt.Message) -> None:
        message.ack()
        heard.append(message.topic)

    async with enter("worker-1") as worker, enter("k1") as device, enter("w1") as other:
        for channel in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS):
            worker.subscribe(shared("ingest", every(channel)), hear)
        await worker.wait_connected(LIMIT)
        assert await may_publish(device, K1.topic(Channel.TELEMETRY))
        assert await may_publish(other, W1.topic(Channel.EVENT))
        assert not await may_publish(worker, K1.topic(Channel.TELEMETRY))
        async with asyncio.timeout(LIMIT):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
    assert sorted(heard) == [K1.topic(Channel.TELEMETRY), W1.topic(Channel.EVENT)]


async def test_app_writes_nothing(enter: Enter) -> None:
    async with enter("signs") as client:
        for topic in (K1.topic(Channel.COMMAND), K1.topic(Channel.TELEMETRY), "imm/v1/bima/alert/x"):
            assert not await may_publish(client, topic)


@pytest.mark.parametrize(
    "name, more, reason",
    [
        ("k1", {"username": "w1"}, "Not authorized"),
        ("k1", {"username": "nobody"}, "Not authorized"),
        ("k1", {"username": "", "password_file": None}, "Not authorized"),
        ("k1", {"ca_file": "other.pem"}, "TLS: "),
        ("k1", {"host": "localhost"}, "TLS: "),  # its certificate speaks of 127.0.0.1
        ("k1", {"ca_file": None}, "closed|reset|lost"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    enter: Enter, folder: Path, name: str, more: dict[str, object], reason: str
) -> None:
    known = {key: folder / value if value == "other.pem" else value for key, value in more.items()}
    async with enter(name, **known) as client:
        async with asyncio.timeout(LIMIT):
            while client.reason == "not started":
                await asyncio.sleep(0.01)
        with pytest.raises(mqtt.Lost, match=reason):
            await client.wait_connected(0.5)


def test_no_wildcard_over_channels() -> None:
    lines = control_list(ROLES, [K1]).splitlines()
    assert not [line for line in lines if "#" in line or line.endswith("k1/+")]
    assert f"topic read {every_area('alert')}" in lines
    assert "topic write imm/v1/bima/kiosk/k1/shadow/reported" in lines


def test_passwords_are_kept_hashed(secured: Mosquitto) -> None:
    file = secured.folder / "passwords"
    assert file.stat().st_mode & 0o077 == 0
    assert "secret of" not in file.read_text()
