"""Keys over real TLS: whose, to whom, and what is said to everybody else."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from city.errors import Unavailable
from contracts import sitekeys
from contracts.errors import Refused
from contracts.sitekeys import Answer, Ask, Refusal
from contracts.topics import Device, Kind
from devices.sitekeys.errors import NotAdmitted
from devices.sitekeys.holder import Holder, context
from devices.sitekeys.keyring import Keyring
from devices.sitekeys.limits import BURST, Limits
from edge.visitors.asking import Holder as Asking
from edge.visitors.settings import Settings
from runtime import mqtt
from runtime.clock import System
from tests.devices.sitekeys.people import City, Shown


class Door:
    """Whoever stands in `known`, by fingerprint."""

    def __init__(self) -> None:
        self.known: dict[str, Device | Exception] = {}

    def admit(self, fingerprint: str) -> Device:
        found = self.known.get(fingerprint, NotAdmitted("unknown", "nobody we know", after=3_600))
        if isinstance(found, Exception):
            raise found
        return found


class Stand:
    """A holder that answers on this machine."""

    def __init__(self, city: City, port: int, door: Door, keyring: Keyring) -> None:
        self.city = city
        self.port = port
        self.door = door
        self.keyring = keyring

    def enrol(self, name: str, site: str = "bima") -> Shown:
        shown = self.city.device(name)
        self.door.known[shown.fingerprint] = Device(site=site, kind=Kind.WIFI, device=name)
        return shown

    async def ask(self, shown: Shown | None, *known: str, ca: Path | None = None) -> Answer | Refusal:
        settings = Settings(host="localhost", port=self.port, ca_file=ca or self.city.ca)
        broker = mqtt.Settings()
        if shown is not None:
            broker = mqtt.Settings(ca_file=self.city.ca, cert_file=shown.certificate, key_file=shown.key)
        return await Asking(settings, broker)(known)


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path, System().now())


@pytest.fixture
async def stand(city: City) -> AsyncIterator[Stand]:
    door, clock = Door(), System()
    keyring = Keyring(clock, ahead=1_800)
    holder = Holder(keyring, door, Limits(clock, per_hour=60), most=8, registry=CollectorRegistry())
    shown = city.server()
    server = await holder.listen(
        context(str(shown.certificate), str(shown.key), city.trusted), "127.0.0.1", 0
    )
    async with server:
        yield Stand(city, server.sockets[0].getsockname()[1], door, keyring)


async def test_a_device_gets_the_keys_of_its_own_site(stand: Stand) -> None:
    first, second = stand.enrol("wifi-1"), stand.enrol("wifi-2")
    elsewhere = stand.enrol("wifi-3", "kesambi")
    answer = await stand.ask(first)
    assert isinstance(answer, Answer)
    assert answer.keys == stand.keyring.keys("bima")
    assert await stand.ask(second) == answer
    other = await stand.ask(elsewhere)
    assert isinstance(other, Answer)
    assert {key.site for key in other.keys} == {"kesambi"}
    assert other.keys[0].secret != answer.keys[0].secret


async def test_a_key_that_the_device_has_is_not_sent_again(stand: Stand) -> None:
    shown = stand.enrol("wifi-1")
    first = await stand.ask(shown)
    assert isinstance(first, Answer)
    again = await stand.ask(shown, *(key.id for key in first.keys))
    assert isinstance(again, Answer)
    assert [(key.id, key.secret) for key in again.keys] == [(key.id, b"") for key in first.keys]


async def test_the_log_says_who_got_one_and_not_what(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await stand.ask(stand.enrol("wifi-1"))
    assert isinstance(answer, Answer)
    lines = [record for record in caplog.records if record.getMessage() == "site key handed out"]
    told = [(line.device, line.site, line.key_id) for line in lines]  # type: ignore[attr-defined]
    assert told == [("wifi-1", "bima", key.id) for key in answer.keys], "before midnight tomorrow's too"
    everything = "".join(str(vars(record)) for record in caplog.records)
    for key in answer.keys:
        for form in (key.secret.hex(), repr(key.secret)[2:-1], sitekeys.encode(answer).decode()):
            assert form not in everything


@pytest.mark.parametrize("reason", ["disabled", "revoked", "kind"])
async def test_who_is_not_admitted_hears_why(stand: Stand, reason: str) -> None:
    shown = stand.city.device("wifi-9")
    stand.door.known[shown.fingerprint] = NotAdmitted(reason, "said by the registry", after=60)
    refusal = await stand.ask(shown)
    assert refusal == Refusal(reason=reason, text="said by the registry", after=60)
    assert isinstance(await stand.ask(stand.city.device("wifi-10")), Refusal)


async def test_a_registry_that_is_away_is_said(stand: Stand) -> None:
    shown = stand.city.device("wifi-9")
    stand.door.known[shown.fingerprint] = Unavailable("no database")
    refusal = await stand.ask(shown)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "busy"


async def test_who_asks_too_often_is_told_when_to_come_again(stand: Stand) -> None:
    shown = stand.enrol("wifi-1")
    answers = [await stand.ask(shown) for _ in range(BURST + 1)]
    assert all(isinstance(answer, Answer) for answer in answers[:BURST])
    last = answers[-1]
    assert isinstance(last, Refusal)
    assert (last.reason, 0 < last.after <= 60) == ("rate", True)
    assert isinstance(await stand.ask(stand.enrol("wifi-2")), Answer)


async def test_nobody_gets_in_without_a_certificate_or_with_another_authoritys(
    stand: Stand, tmp_path: Path
) -> None:
    stranger = City(tmp_path, System().now(), "stranger")
    with pytest.raises(OSError):  # noqa: PT011 - TLS says it in words of its version
        await stand.ask(None)
    with pytest.raises(OSError):  # noqa: PT011
        await stand.ask(stranger.device("wifi-1"))
    shown = stand.enrol("wifi-1")
    with pytest.raises(ssl.SSLCertVerificationError):  # and a device believes no other holder
        await stand.ask(shown, ca=stranger.ca)
    assert isinstance(await stand.ask(shown), Answer)


async def _say(stand: Stand, shown: Shown, line: bytes) -> bytes:
    trust = ssl.create_default_context(cafile=stand.city.ca)
    trust.load_cert_chain(shown.certificate, shown.key)
    reader, writer = await asyncio.open_connection("localhost", stand.port, ssl=trust)
    writer.write(line)
    if not line.endswith(b"\n"):
        writer.write_eof() if writer.can_write_eof() else None
    try:
        async with asyncio.timeout(30):
            return await reader.readline()
    finally:
        writer.close()


async def test_what_is_no_question_is_refused_and_stops_nobody(stand: Stand) -> None:
    shown = stand.enrol("wifi-1")
    for line in (
        b"GET / HTTP/1.1\r\n",
        b"[]\n",
        b"x" * 10_000 + b"\n",
        b'{"type":"ask","known":["' + b"y" * 16 + b'"]}\n',
    ):
        answer = sitekeys.decode_answer(await _say(stand, shown, line))
        assert isinstance(answer, Refusal)
        assert answer.reason == "malformed"
    assert isinstance(await stand.ask(shown), Answer)


Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize("line", [b"", b"no\n", b"x" * 5_000])
async def test_a_device_believes_no_nonsense(city: City, line: bytes) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(line)
        writer.close()

    shown = city.server()
    trust = context(str(shown.certificate), str(shown.key), city.trusted)
    async with await asyncio.start_server(nonsense, "127.0.0.1", 0, ssl=trust) as server:
        stand = Stand(city, server.sockets[0].getsockname()[1], Door(), Keyring(System(), ahead=60))
        with pytest.raises((OSError, Refused)):
            await stand.ask(city.device("wifi-1"))


def test_a_certificate_is_asked_for_and_tls_is_new(city: City) -> None:
    shown = city.server()
    made = context(str(shown.certificate), str(shown.key), city.trusted)
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.minimum_version is ssl.TLSVersion.TLSv1_3


def test_a_question_is_small() -> None:
    assert len(sitekeys.encode(Ask(known=("0" * 16,) * 2))) < 100
