"""What is said of a hazard, message after message: one live at a time, each naming those before it."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import delete, select

from alerts.cap.errors import Unsaid
from alerts.cap.feed import render
from alerts.cap.place import CODES, Places
from alerts.cap.said import Said
from alerts.cap.saying import Sayer
from alerts.cap.settings import Settings
from alerts.cap.tables import HISTORY
from alerts.cap.teller import Teller
from alerts.commit import commit
from alerts.tables import alerts
from city.db import Database, Lease, check
from city.db.migrate import differences
from city.geography import Areas, sites
from city.geography.model import Site
from city.outbox.tables import outbox
from contracts import cap, cloudevents
from contracts.cap import Kind, Message
from contracts.instants import DAY, HOUR, MINUTE, SECOND
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from runtime.clock import Fake
from runtime.ids import Factory
from tests.alerts.conftest import Make
from tests.alerts.test_commit import good

Judge = Callable[..., None]
RING = ((108.53, -6.73), (108.55, -6.73), (108.55, -6.72), (108.53, -6.73))


def teller(db: Database, clock: Fake) -> Teller:
    """A new one each time, as after a start: all that it knows is in the database."""
    settings = Settings()
    places = Places(Areas.load(), radius_km=settings.radius_km)
    return Teller(db, Sayer(places, clock=clock, settings=settings, address="https://imm.example/"), sweep=1)


@pytest.fixture
def judge(db: Database, clock: Fake, ids: Factory) -> Judge:
    """Commit judgements, and let a new teller hear the events that they make."""
    heard: set[int] = set()

    def judge(*judgements: Judgement) -> None:
        commit(db, [good(one) for one in judgements], now=clock.now(), ids=ids)
        with db.begin() as tx:
            for row in tx.execute(select(outbox).order_by(outbox.c.id)):
                if row.id not in heard:
                    heard.add(row.id)
                    anew = teller(db, clock)
                    if anew.handler().wants(row.type, probe=row.probe):
                        anew.hear(tx, cloudevents.decode(row.event.encode()))

    return judge


def live(db: Database) -> list[Message]:
    return [cap.decode(one.content.encode()) for one in Said(db).live()]


def newest(db: Database, alert: str) -> Message:
    return cap.decode(Said(db).of(alert).content.encode())


@pytest.fixture
def bima(db: Database, clock: Fake) -> None:
    with db.begin() as tx:
        site = Site(
            id="bima",
            title="Kawasan Bima",
            longitude=108.54,
            latitude=-6.72,
            polygon=(RING,),
            kelurahan="32.74.01.1001",
        )
        sites.put(tx, site, seen=None, now=clock.now())


@pytest.mark.usefixtures("bima")
def test_a_hazard_has_one_live_message_that_names_all_before_it(
    db: Database, clock: Fake, make: Make, judge: Judge, cap12: Any
) -> None:
    judge(make())
    (first,) = live(db)
    clock.advance(10)
    judge(make(Verdict.UPDATED, 10, severity=Severity.EXTREME))
    clock.advance(10)
    judge(make(Verdict.UPDATED, 20, severity=Severity.EXTREME, title=Text(id="Terbakar", en="On fire")))
    (third,) = live(db)
    assert (first.kind, third.kind) == (Kind.ALERT, Kind.UPDATE)
    assert third.references[0] == first.reference
    assert len(third.references) == 2
    assert third.infos[0].headline == "Terbakar"
    assert third.infos[1].headline == "On fire"
    area = third.infos[0].areas[0]
    assert area.polygons == (tuple((latitude, longitude) for longitude, latitude in RING),)
    assert area.codes[0].name == CODES
    assert area.description == "Kawasan Bima, Kelurahan Kejaksan, Kecamatan Kejaksan, Kota Cirebon"
    judge(make(Verdict.CLEARED, 30))
    assert live(db) == []
    alert = first.identifier.rpartition(".")[0]
    cancel = newest(db, alert)
    assert (cancel.kind, cancel.infos[0].urgency) == (Kind.CANCEL, "Past")
    assert [one.identifier for one in cancel.references] == [f"{alert}.{n}" for n in (1, 2, 3)]
    assert cap.decode(Said(db).message(first.identifier).content.encode()) == first  # as it was said
    assert cap12.validate(etree.fromstring(cap.encode(cancel)))


def test_the_next_alert_of_a_hazard_begins_anew(db: Database, clock: Fake, make: Make, judge: Judge) -> None:
    judge(make(), make(Verdict.CLEARED, 1))
    judge(make(at=2))
    (again,) = live(db)
    assert (again.kind, again.references) == (Kind.ALERT, ())


def test_an_alert_whose_end_was_not_heard_is_replaced(
    db: Database, clock: Fake, ids: Factory, make: Make, judge: Judge
) -> None:
    judge(make())
    (first,) = live(db)
    commit(db, [good(make(Verdict.CLEARED, 1))], now=clock.now(), ids=ids)
    with db.begin() as tx:
        tx.execute(delete(outbox))  # its event is a dead letter, say
    judge(make(at=2))
    (second,) = live(db)
    assert (second.kind, second.references) == (Kind.UPDATE, (first.reference,))


def test_figures_alone_are_said_again_after_a_while(
    db: Database, clock: Fake, make: Make, judge: Judge
) -> None:
    judge(make())
    evidence = Evidence(metric="temperature", value=99.0)
    judge(make(Verdict.UPDATED, 1, evidence=evidence))
    assert teller(db, clock).turn() == 0
    assert live(db)[0].kind is Kind.ALERT
    clock.advance(10 * MINUTE / SECOND)
    assert teller(db, clock).turn() == 1
    (said,) = live(db)
    assert said.kind is Kind.UPDATE
    assert ("value", "99") in {(one.name, one.value) for one in said.infos[0].parameters}
    assert teller(db, clock).turn() == 0


def test_what_lasts_is_said_again_before_it_expires(
    db: Database, clock: Fake, make: Make, judge: Judge
) -> None:
    judge(make())
    (first,) = live(db)
    clock.advance(12 * HOUR / SECOND)
    assert teller(db, clock).turn() == 1
    clock.advance(12 * HOUR / SECOND + 1)
    assert teller(db, clock).turn() == 1
    (third,) = live(db)
    assert [one.identifier for one in third.references] == [f"{first.identifier.rpartition('.')[0]}.2"]
    assert first.infos[0].expires == first.sent + DAY


def test_an_end_that_was_not_heard_is_found(
    db: Database, clock: Fake, ids: Factory, make: Make, judge: Judge
) -> None:
    judge(make())
    commit(db, [good(make(Verdict.CLEARED, 1))], now=clock.now(), ids=ids)
    clock.advance(12 * HOUR / SECOND)
    teller(db, clock).turn()
    assert live(db) == []


def test_an_alert_whose_record_is_gone_is_live_no_more(
    db: Database, clock: Fake, make: Make, judge: Judge
) -> None:
    judge(make())
    with db.begin() as tx:
        tx.execute(delete(alerts))
    clock.advance(12 * HOUR / SECOND)
    teller(db, clock).turn(_lease(db, clock))
    assert live(db) == []


def _lease(db: Database, clock: Fake) -> Lease:
    lease = Lease(db, "outbox", clock)
    assert lease.take()
    return lease


def test_what_was_said_long_ago_goes(db: Database, clock: Fake, make: Make, judge: Judge) -> None:
    judge(make(), make(labels={"device": "b"}, id="b"))
    judge(make(Verdict.CLEARED, 1))
    clock.advance(401 * DAY / SECOND)
    teller(db, clock).turn()
    (lasting,) = live(db)
    with pytest.raises(Unsaid):
        Said(db).of("id-000001")
    assert lasting.kind is Kind.UPDATE


def test_a_probe_is_no_hazard(db: Database, make: Make, judge: Judge) -> None:
    judge(make(probe=True, id="p"))
    assert live(db) == []


def test_a_clock_set_back_makes_no_message_look_earlier(
    db: Database, clock: Fake, make: Make, judge: Judge
) -> None:
    judge(make())
    (first,) = live(db)
    clock.jump(-HOUR / SECOND)
    judge(make(Verdict.CLEARED, 1))
    assert newest(db, first.identifier.rpartition(".")[0]).sent >= first.sent


def test_the_feed_is_atom(db: Database, clock: Fake, make: Make, judge: Judge, atom: Any) -> None:
    judge(make(), make(labels={"device": "b"}, id="b"))
    found = Said(db).live()
    document = render(found, address="https://imm.example", author="Kota", now=clock.now(), following="x")
    assert atom.validate(etree.fromstring(document)), atom.error_log
    first = Said(db).live(limit=1)
    rest = Said(db).live(before=(first[0].sent, first[0].identifier))
    assert [*first, *rest] == found


def test_the_tables_are_what_the_migrations_make(db: Database) -> None:
    check(db, [HISTORY])
    assert not differences(db, HISTORY)
