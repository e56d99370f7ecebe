"""The key renewed in a running agent: new credentials connect or the old ones stay, also after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.commands import Command, InstallCertificate, Result, RotateKey, State
from contracts.instants import DAY
from edge.commands.errors import Refusal
from edge.commands.journal import Kept
from edge.enrol import keys
from edge.enrol.credentials import CURRENT, KEY, Credentials, Terms
from edge.enrol.renewal import PART, Renewal
from runtime.clock import Fake
from runtime.service import Health
from tests.edge.enrol.conftest import Office


class Client:
    """A broker's client that connects anew, or not."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.connection = 1
        self.works = True
        self.tried = 0

    def reconnect(self) -> None:
        self.tried += 1
        if self.works:
            self.connection += 1
            self.connected.set()
        else:
            self.connected.clear()


async def told(percent: int, note: str = "") -> None:
    """Nobody hears."""


def command(what: Any) -> Command:
    return Command(id="c-1", what=what, issued=0, expires=1)


@pytest.fixture
def store(home: Path, office: Office) -> Credentials:
    found = Credentials(home)
    pair = keys.make("kiosk-07")
    found.prepare(pair.key, pair.request)
    put(found, office, pair.request)
    found.confirm()
    return found


def put(store: Credentials, office: Office, csr: str) -> str:
    given = office.given(csr)
    store.put(
        given.certificate, given.trusted, Terms(device="kiosk-07", serial=given.serial, ends=given.ends)
    )
    return given.serial


def key(store: Credentials) -> bytes:
    return (store.path / CURRENT / KEY).read_bytes()


def renewal(client: Client, store: Credentials, clock: Fake) -> Renewal:
    return Renewal(client, "kiosk-07", store, clock=clock, trial=0.2, look=0.01)


async def install(one: Renewal, office: Office, **changes: Any) -> dict[str, Any]:
    csr = (await one.rotate(command(RotateKey()), told))["csr"]
    what = InstallCertificate(chain=changes.pop("chain", None) or office.chain(csr), **changes)
    return await one.install(command(what), told)


async def test_a_new_key_takes_the_place_of_the_old(store: Credentials, office: Office, clock: Fake) -> None:
    client, old = Client(), key(store)
    one = renewal(client, store, clock)
    first = await one.rotate(command(RotateKey()), told)
    assert await one.rotate(command(RotateKey()), told) == first, "asked again, the same"
    value = await install(one, office, root=office.trusted)
    terms = store.terms()
    assert terms is not None
    assert value == {"serial": terms.serial}
    assert key(store) != old
    assert client.tried == 1
    assert not store.trial()
    assert store.next() is None, "the next rotation makes another key"


async def test_what_does_not_connect_is_taken_back(store: Credentials, office: Office, clock: Fake) -> None:
    client, old = Client(), key(store)
    client.works = False
    with pytest.raises(RuntimeError, match="the old one is used"):
        await install(renewal(client, store, clock), office)
    assert key(store) == old
    assert client.tried == 2
    assert store.next() is None


@pytest.mark.parametrize("wrong", ["another key", "another name", "no chain", "bad root"])
async def test_wrong_certificates_change_nothing(
    store: Credentials, office: Office, clock: Fake, wrong: str
) -> None:
    client, old = Client(), key(store)
    one = renewal(client, store, clock)
    csr = (await one.rotate(command(RotateKey()), told))["csr"]
    chain, root = office.chain(csr), ""
    if wrong == "another key":
        chain = office.chain(keys.make().request)
    elif wrong == "another name":
        chain = office.chain(csr, "kiosk-08")
    elif wrong == "no chain":
        chain = "halo"
    else:
        root = "halo"
    with pytest.raises(Refusal):
        await one.install(command(InstallCertificate(chain=chain, root=root)), told)
    assert key(store) == old
    assert client.tried == 0


async def test_nothing_waits_for_a_certificate(store: Credentials, office: Office, clock: Fake) -> None:
    with pytest.raises(Refusal, match="rotate-key first"):
        await renewal(Client(), store, clock).install(
            command(InstallCertificate(chain=office.chain(keys.make().request))), told
        )


@pytest.mark.parametrize("works", [True, False])
async def test_an_agent_killed_in_its_trial(
    store: Credentials, office: Office, clock: Fake, *, works: bool
) -> None:
    old = key(store)
    pair = keys.make("kiosk-07")
    store.prepare(pair.key, pair.request)
    serial = put(store, office, pair.request)
    assert store.trial()
    chain = (store.path / CURRENT / "chain.pem").read_text()
    client, health = Client(), Health(clock)
    if not works:
        client.connected.clear()
    one = renewal(client, store, clock)
    kept = Kept(
        command=command(InstallCertificate(chain=chain)),
        result=Result(id="c-1", number=2, state=State.RUNNING, time=0),
        boot="",
    )
    watching = asyncio.gather(one.watch(health), pass_time(clock))
    try:
        if works:
            assert await one.resume(kept) == {"serial": serial}
            assert key(store) == pair.key
        else:
            with pytest.raises(RuntimeError, match="from before"):
                await one.resume(kept)
            assert key(store) == old
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def pass_time(clock: Fake) -> None:
    while True:
        clock.advance(0.1)
        await asyncio.sleep(0.01)


async def test_it_says_when_the_certificate_ends(store: Credentials, clock: Fake) -> None:
    health = Health(clock)

    async def said() -> str:
        task = asyncio.create_task(renewal(Client(), store, clock).watch(health))
        while not (parts := {part.name: part for part in health.snapshot()}):
            await asyncio.sleep(0.005)
        task.cancel()
        return parts[PART].reason

    assert await said() == ""
    clock.jump(84 * DAY / 1e6)
    health = Health(clock)
    assert "was not renewed" in await said()
    clock.jump(7 * DAY / 1e6)
    health = Health(clock)
    assert "claim this device anew" in await said()
