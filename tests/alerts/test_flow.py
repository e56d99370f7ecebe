"""Over a real broker: judgement → alert → retained topic → people → end, whatever is killed or repeated."""

import asyncio
import itertools

import pytest
from sqlalchemy import func, select

from alerts.rulebook.tables import HISTORY as RULEBOOK
from alerts.settings import Settings
from alerts.tables import HISTORY, alerts, refused
from app.brokers.port import Broker
from city import history
from city.db import Database, upgrade
from contracts import alerts as wire
from contracts import judgements
from contracts.alerts import State
from contracts.judgements import Verdict
from contracts.topics import AreaTopic
from runtime.clock import Fake, System
from runtime.ids import Factory, factory
from tests.alerts.conftest import Make
from tests.alerts.stage import until, watching, working

_sites = itertools.count(1)
KEY = ("analytics/judgement", 7)


@pytest.fixture
def site() -> str:
    """A site of the test's own on the shared broker."""
    return f"site-{next(_sites)}"


@pytest.fixture
def make(make: Make, site: str) -> Make:
    return lambda *args, **changes: make(*args, **({"site": site} | changes))


@pytest.fixture
def uuids() -> Factory:
    return factory(System())


async def test_from_judgement_to_a_cleared_topic(
    mosquitto: Broker, db: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    async with watching(mosquitto, site, site) as world, working(mosquitto, db, clock, uuids, site) as desk:
        await world.send(make(), 1)
        await until(lambda: len(world.retained) == 1)
        (alert,) = desk.open(site=site)
        topic = str(AreaTopic.alert(site, alert.id))
        assert wire.decode(world.retained[topic]) == alert
        await until(lambda: world.receipts.get(KEY) == ((1, 1),))
        await asyncio.to_thread(lambda: desk.acknowledge(alert.id, by="Siti"))
        await until(lambda: wire.decode(world.retained[topic]).acknowledged_by == "Siti")
        await world.send(make(Verdict.UPDATED, 1), 2)
        await until(lambda: wire.decode(world.retained[topic]).evidence.value == 81.0)
        await world.send(make(Verdict.CLEARED, 2), 3)
        await until(lambda: world.retained == {})
        assert desk.get(alert.id).state is State.RESOLVED
        await until(lambda: world.receipts.get(KEY) == ((1, 3),))


async def test_repeats_and_bad_ones_are_receipted_too(
    mosquitto: Broker, db: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    topic = str(AreaTopic.judgement(site, "analytics"))
    bad = [
        b"{",
        b"\xff\xfe",
        judgements.encode(make(site="elsewhere")),
        judgements.encode(make(producer="other")),
        judgements.encode(make(id="x" * 65)),
        judgements.encode(make(labels={str(n): "" for n in range(40)})),
        judgements.encode(make(time=clock.now() * 2)),
        judgements.encode(make(labels={"a": "\0"})),
        judgements.encode(make(device="../x")),
        b'{"title": {"id": "\\ud800"}}',
        b"[" * 10_000,
        b"x" * 70_000,
    ]
    async with watching(mosquitto, site, site) as world, working(mosquitto, db, clock, uuids, site) as desk:
        for seq, payload in enumerate(bad, start=1):
            await world.send_raw(topic, payload, seq, producer="analytics")
        await world.send(make(), len(bad) + 1)
        await world.send(make(), len(bad) + 2)
        await until(lambda: world.receipts.get(KEY) == ((1, len(bad) + 2),))
        assert len(desk.open()) == 1
        foreign = [("stream", "other/judgement"), ("epoch", "1"), ("seq", "1")]
        await world.client.publish(topic, judgements.encode(make()), properties={"stream": "x"})
        await world.client.publish(topic, judgements.encode(make()), properties=foreign)
        await world.send(make(Verdict.CLEARED, 1))
        await until(lambda: desk.open() == [])
    with db.read() as tx:
        assert tx.execute(select(func.count()).select_from(refused)).scalar() == len(bad) + 2
    assert list(world.receipts) == [KEY]


async def test_probes_never_stand_on_a_retained_topic(
    mosquitto: Broker, lite: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    async with watching(mosquitto, site, site) as world, working(mosquitto, lite, clock, uuids, site):
        await world.send(make(probe=True, id="p"), 1)
        await world.send(make(), 2)
        await until(lambda: len(world.retained) == 1)
        await until(lambda: world.receipts.get(KEY) == ((1, 2),))
        assert len(world.seen) == 1
    with lite.read() as tx:
        assert tx.execute(select(func.count()).select_from(alerts)).scalar() == 2


async def test_a_flood_beyond_the_clients_window_does_not_stand_still(
    mosquitto: Broker, lite: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    patient = Settings(batch=5, patience=60.0)  # a receipt in the way of the next batch would wait for ever
    stage = working(mosquitto, lite, clock, uuids, site, settings=patient, window=10)
    async with watching(mosquitto, site, site) as world, stage as desk:
        flood = [make(labels={"device": f"d{number}"}) for number in range(100)]
        await asyncio.gather(*(world.send(one, seq) for seq, one in enumerate(flood, start=1)))
        await until(lambda: world.receipts.get(KEY) == ((1, 100),))
        assert len(desk.open()) == 100
        await until(lambda: len(world.retained) == 100)


async def test_what_finds_no_room_waits_at_the_broker(
    mosquitto: Broker, lite: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    narrow = Settings(waiting=2, batch=1)
    stage = working(mosquitto, lite, clock, uuids, site, settings=narrow)
    async with watching(mosquitto, site, site) as world, stage as desk:
        flood = [make(labels={"device": f"d{number}"}) for number in range(40)]
        await asyncio.gather(*(world.send(one, seq) for seq, one in enumerate(flood, start=1)))
        await until(lambda: world.receipts.get(KEY) == ((1, 40),))
        assert len(desk.open()) == 40


async def test_a_broker_that_lost_its_memory_is_told_again(
    own_broker: Broker, lite: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    other = make(labels={"device": "kiosk-2"})
    async with working(own_broker, lite, clock, uuids, site) as desk:
        async with watching(own_broker, "before", site) as world:
            await world.send(make(), 1)
            await world.send(other, 2)
            await until(lambda: len(world.retained) == 2)
        own_broker.kill()
        own_broker.start()
        async with watching(own_broker, "after", site) as world:
            await until(lambda: len(world.retained) == 2)
            await world.send(make(Verdict.CLEARED, 1), 3)
            await until(lambda: len(world.retained) == 1 and len(desk.open()) == 1)


async def test_what_a_broker_remembers_wrongly_is_cleared(
    mosquitto: Broker, lite: Database, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    stale = str(AreaTopic.alert(site, "long-gone"))
    async with watching(mosquitto, site, site) as world:
        await world.client.publish(stale, b"{}", retain=True)
        await until(lambda: stale in world.retained)
        async with working(mosquitto, lite, clock, uuids, site):
            await until(lambda: world.retained == {})


async def test_nothing_is_receipted_while_the_database_is_away(
    mosquitto: Broker, postgres_url: str, clock: Fake, uuids: Factory, make: Make, site: str
) -> None:
    """What was sent meanwhile is taken when it is back."""
    db = Database(postgres_url, wait=0.2)
    upgrade(db, [history.HISTORY, HISTORY, RULEBOOK])
    lock = Database(postgres_url)
    async with watching(mosquitto, site, site) as world, working(mosquitto, db, clock, uuids, site) as desk:
        with lock.begin() as tx:
            tx.exec_driver_sql("LOCK TABLE alerts_judgements IN ACCESS EXCLUSIVE MODE")
            await world.send(make(), 1)
            await asyncio.sleep(0.3)
            assert world.receipts == {}
        await until(lambda: world.receipts.get(KEY) == ((1, 1),))
        assert len(desk.open()) == 1
    lock.close()
    db.close()
