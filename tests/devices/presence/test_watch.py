"""The watch on each database: what it hears, keeps, says, and where it goes on after a restart."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

import city.history
import devices.presence.history
from city.db import Database, Lease
from city.errors import LeaseLost
from contracts import judgements, status
from contracts.feed import Accepted
from contracts.instants import SECOND
from contracts.judgements import Judgement
from contracts.presence import Reason, State
from contracts.roster import Entry
from contracts.series import Block, Series
from contracts.status import Status
from contracts.topics import Channel, Device, Kind
from devices.presence import records
from devices.presence.figures import Figures
from devices.presence.settings import Settings
from devices.presence.watch import Watch
from devices.roster import Roster
from runtime.clock import Fake
from runtime.mqtt import Handler, Message
from runtime.spool import Item
from tests.fixtures.tables import ready

SETTINGS = Settings(tick=0.001)
DEVICES = [Device(site="bima", kind=Kind.KIOSK, device=f"kiosk-{number}") for number in range(3)]
LIMIT = 10.0


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, (city.history.HISTORY, devices.presence.history.HISTORY))
    yield database
    database.close()


class Client:
    """A connection that hears what the test says."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.handler: Handler | None = None

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        self.handler = handler

    def says(self, device: Device, state: str, connection: int, reason: str = "") -> None:
        said = Status(
            state=state,  # type: ignore[arg-type]
            since=1,
            epoch=1,
            version="0.1.0",
            reason=reason,
            connection=connection,
        )
        assert self.handler is not None
        self.handler(message(device.topic(Channel.STATUS), status.encode(said)))


def message(topic: str, payload: bytes) -> Message:
    class Said:
        retain = False

        def ack(self) -> None: ...

    said = Said()
    said.topic, said.payload = topic, payload  # type: ignore[attr-defined]
    return said  # type: ignore[return-value]


class Spool:
    def __init__(self) -> None:
        self.items: list[Item] = []

    def extend(self, items: Sequence[Item]) -> None:
        self.items += items

    @property
    def said(self) -> list[Judgement]:
        return [judgements.decode(one.payload) for one in self.items]


class Desk:
    """One desk process that leads."""

    def __init__(self, db: Database, clock: Fake, *entries: Device) -> None:
        self.db, self.clock = db, clock
        self.client, self.spool = Client(), Spool()
        self.registry = CollectorRegistry()
        self.watch = Watch(
            client=self.client,
            db=db,
            roster=Roster(
                [Entry(device=one.device, kind=one.kind, site=one.site) for one in entries or DEVICES]
            ),
            spool=self.spool,
            clock=clock,
            settings=SETTINGS,
            figures=Figures(self.registry),
        )

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[asyncio.Task[None]]:
        lease = Lease(self.db, "outbox", self.clock, seconds=1e6)
        assert await asyncio.to_thread(lease.take)
        task = asyncio.create_task(self.watch.run(lease))
        yield task
        task.cancel()
        await asyncio.wait([task])
        await asyncio.to_thread(lease.give_back)

    async def pass_(self, seconds: float, *, live: Sequence[Device] = ()) -> None:
        """Time goes by, and ingest accepts what live devices send."""
        for _ in range(round(seconds / 5)):
            self.clock.advance(5)
            block = Block()
            for device in live:
                block.append(series(device), self.clock.now() - SECOND, 1.0)
            self.watch.feed(Accepted(worker="w", seq=1, started=1, watermark=1, block=block))
            await self.ticked()

    async def ticked(self) -> None:
        """Two ticks went by since now, so one of them began after it."""
        count = "imm_presence_tick_seconds_count"
        after = (self.registry.get_sample_value(count) or 0) + 2
        async with asyncio.timeout(LIMIT):
            while (self.registry.get_sample_value(count) or 0) < after:
                await asyncio.sleep(0.001)

    def kept(self, device: Device) -> tuple[State, Reason, bool]:
        with self.db.read() as tx:
            (one,) = [one for one in records.some(tx) if one.device == device.device]
        return one.state, one.reason, bool(one.raised)


def series(device: Device) -> Series:
    return Series(site=device.site, kind=device.kind, device=device.device, metric="cpu.load", unit="count")


async def test_what_is_heard_is_kept_and_said(db: Database, clock: Fake) -> None:
    desk = Desk(db, clock)
    gate, *others = DEVICES
    async with desk.leading():
        for device in DEVICES:
            desk.client.says(device, "online", 1)
        await desk.pass_(30, live=DEVICES)
        assert desk.kept(gate) == (State.ONLINE, Reason.NONE, False)
        desk.client.says(gate, "offline", 1, "lost")
        await desk.pass_(40, live=others)
        assert desk.kept(gate) == (State.OFFLINE, Reason.LOST, True)
        desk.client.says(gate, "online", 2)
        desk.client.says(gate, "offline", 1, "lost")  # the broker noticed late
        await desk.pass_(70, live=DEVICES)
        assert desk.kept(gate) == (State.ONLINE, Reason.NONE, False)
    first, last = desk.spool.said
    assert (first.verdict.value, last.verdict.value, first.fingerprint) == (
        "raised",
        "cleared",
        last.fingerprint,
    )
    assert (first.rule, first.device, first.site) == ("presence", "kiosk-0", "bima")
    assert "kiosk-0" in first.title.id
    with db.read() as tx:
        steps = [(one.state, one.reason) for one in reversed(records.timeline(tx, gate.device))]
    states = [state for state, _ in steps]
    assert states == [State.ONLINE, State.OFFLINE, State.OFFLINE, State.ONLINE, State.ONLINE]


async def test_the_next_process_goes_on_where_the_last_one_stopped(db: Database, clock: Fake) -> None:
    first = Desk(db, clock)
    async with first.leading():
        for device in DEVICES:
            first.client.says(device, "online", 1)
        await first.pass_(30, live=DEVICES)
        for device in DEVICES:
            first.client.says(device, "offline", 1, "lost")
        await first.pass_(30)
        assert [one.labels.get("scope") for one in first.spool.said] == ["site"]
    second = Desk(db, clock, *DEVICES[:2])  # meanwhile one left the roster
    async with second.leading():
        await second.pass_(120)
        assert second.kept(DEVICES[0])[:2] == (State.OFFLINE, Reason.LOST)  # although nobody said it again
        with db.read() as tx:
            assert [one.device for one in records.some(tx)] == ["kiosk-0", "kiosk-1"]
    said = {(one.verdict.value, one.labels.get("device", "site")) for one in second.spool.said}
    # Two devices are no site: it is cleared, and each of them told of.
    assert said == {("cleared", "site"), ("raised", "kiosk-0"), ("raised", "kiosk-1")}


async def test_who_speaks_before_the_roster_has_him_is_heard_once_it_has(db: Database, clock: Fake) -> None:
    desk = Desk(db, clock, DEVICES[1])
    async with desk.leading():
        desk.client.says(DEVICES[0], "online", 1)
        await desk.pass_(10)
        desk.watch._roster = Roster(
            [Entry(device=one.device, kind=one.kind, site=one.site) for one in DEVICES]
        )
        await desk.pass_(30)
        assert desk.kept(DEVICES[0]) == (State.ONLINE, Reason.NONE, False)


async def test_silence_of_ingest_is_told_as_such(db: Database, clock: Fake) -> None:
    desk = Desk(db, clock)
    async with desk.leading():
        desk.client.says(DEVICES[0], "online", 1)
        await desk.pass_(30, live=DEVICES[:1])
        clock.advance(3_600)
        await desk.ticked()
        assert "ingest has accepted nothing" in desk.watch.trouble
        desk.client.connected.clear()
        await desk.ticked()
        assert "broker" in desk.watch.trouble
        desk.client.connected.set()
        await desk.pass_(60, live=DEVICES[:1])
        assert desk.watch.trouble == ""
        assert desk.kept(DEVICES[0])[0] is State.ONLINE
    assert desk.spool.said == []


async def test_who_lost_the_lease_keeps_nothing(db: Database, clock: Fake, city_url: str) -> None:
    desk = Desk(db, clock)
    async with desk.leading() as task:
        await desk.ticked()
        other = Database(city_url)
        clock.advance(3e6)
        assert await asyncio.to_thread(Lease(other, "outbox", clock, seconds=1).take)
        desk.client.says(DEVICES[0], "online", 1)
        async with asyncio.timeout(LIMIT):
            await asyncio.wait([task])
        assert isinstance(task.exception(), LeaseLost)
        other.close()


def test_words_of_other_makers_are_nobodys_status(db: Database, clock: Fake) -> None:
    async def run() -> None:
        desk = Desk(db, clock)
        assert desk.client.handler is not None
        for payload in (b"Online", b"{}", b"\xff", b"[" * 50_000):
            desk.client.handler(message(DEVICES[0].topic(Channel.STATUS), payload))
        foreign = Device(site="else", kind=Kind.KIOSK, device="kiosk-0")
        desk.client.says(foreign, "online", 1)
        async with desk.leading():
            await desk.pass_(10)
        with db.read() as tx:
            assert {one.state for one in records.some(tx)} <= {State.NEVER}

    asyncio.run(run())


def test_a_device_has_its_newest_sample_whatever_the_order(db: Database, clock: Fake) -> None:
    async def run() -> None:
        desk = Desk(db, clock)
        now = clock.now()
        block = Block()
        for age in (3, 1, 2):
            block.append(series(DEVICES[0]), now - age * SECOND, 1.0)
        block.append(series(DEVICES[1]), now + 500 * SECOND, 1.0)  # its clock is ahead
        assert block.times == array("q", [now - age * SECOND for age in (3, 1, 2)] + [now + 500 * SECOND])
        desk.watch.feed(Accepted(worker="w", seq=1, started=1, watermark=1, block=block))
        tracks = desk.watch._fleet.tracks
        assert tracks["kiosk-0"].sample == now - SECOND
        assert tracks["kiosk-1"].sample == now

    asyncio.run(run())
