"""Judgements in the database: once each, with their events, all or none."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from alerts import sweep
from alerts.check import Good
from alerts.commit import Bad, Bench, Parcel, commit
from alerts.desk import Desk, Filters
from alerts.errors import Over, Unknown
from alerts.model.lifecycle import Outcome, Place
from alerts.tables import HISTORY, alerts, judgements, marks, refused
from city.db import Database, Lease, check
from city.db.migrate import differences
from city.outbox import Tail, numbering
from contracts.alerts import State
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, SECOND
from contracts.judgements import Judgement, Severity, Verdict
from runtime.clock import Fake
from runtime.ids import Factory
from tests.alerts.conftest import Make

Take = Callable[..., list[str]]


def good(judgement: Judgement) -> Good:
    return Good(judgement=judgement, place=Place.of(judgement, None))


@pytest.fixture
def take(db: Database, clock: Fake, ids: Factory) -> Take:
    def take(*items: Judgement | Bad, hold: int = 0) -> list[str]:
        batch: list[Parcel] = [item if isinstance(item, Bad) else good(item) for item in items]
        return commit(db, batch, now=clock.now(), ids=ids, hold=hold)

    return take


@pytest.fixture
def desk(db: Database, clock: Fake, ids: Factory) -> Desk:
    return Desk(db, clock=clock, ids=ids)


def told(db: Database, clock: Fake) -> list[str]:
    """Types of the events so far, probes too."""
    lease = Lease(db, "outbox", clock)
    assert lease.take()
    numbering.number(db, lease)
    events = Tail(db).read(0, types=["alert.*"], probes=True)
    return [item.event.type.removeprefix("id.go.cirebonkota.imm.") for item in events]


def count(db: Database, table: object = alerts) -> int:
    with db.read() as tx:
        found: int = tx.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
        return found


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_a_life_with_its_events_and_history(
    db: Database, take: Take, make: Make, desk: Desk, clock: Fake
) -> None:
    assert take(make(), make(Verdict.UPDATED, 1)) == [Outcome.FIRED, Outcome.UPDATED]
    (alert,) = desk.open()
    assert (alert.state, alert.revision, alert.evidence.value) == (State.FIRING, 2, 81.0)
    clock.advance(5)
    assert desk.acknowledge(alert.id, by="Siti", note="saya lihat").acknowledged_by == "Siti"
    assert desk.acknowledge(alert.id, by="Budi").acknowledged_by == "Siti"
    until = clock.now() + HOUR
    assert desk.silence(alert.id, by="Siti", until=until, reason="teknisi di lokasi").silenced_until == until
    assert take(make(Verdict.CLEARED, 9)) == [Outcome.RESOLVED]
    assert desk.open() == []
    whole = desk.told(alert.id)
    assert (whole.alert.state, whole.alert.revision, whole.alert.silenced_until) == (State.RESOLVED, 5, None)
    assert [(entry.outcome, entry.by) for entry in whole.history] == [
        (Outcome.FIRED, "analytics"),
        (Outcome.UPDATED, "analytics"),
        (Outcome.ACKNOWLEDGED, "Siti"),
        (Outcome.SILENCED, "Siti"),
        (Outcome.RESOLVED, "analytics"),
    ]
    assert told(db, clock) == [
        "alert.firing",
        "alert.updated",
        "alert.acknowledged",
        "alert.updated",
        "alert.resolved",
    ]
    with pytest.raises(Over):
        desk.silence(alert.id, by="Siti", until=until, reason="terlambat")


def test_the_same_judgement_twice_counts_once(db: Database, take: Take, make: Make, clock: Fake) -> None:
    assert take(make(), make()) == [Outcome.FIRED, Outcome.DUPLICATE]
    assert take(make()) == [Outcome.DUPLICATE]
    assert count(db) == count(db, judgements) == 1
    assert told(db, clock) == ["alert.firing"]


def test_the_order_of_judgements_is_kept_over_batches(db: Database, take: Take, make: Make) -> None:
    assert take(make(Verdict.CLEARED, 5)) == [Outcome.NOTHING_OPEN]
    assert take(make(Verdict.RAISED, 4)) == [Outcome.LATE]
    assert take(make(Verdict.RAISED, 6)) == [Outcome.FIRED]
    assert take(make(Verdict.CLEARED, 7)) == [Outcome.RESOLVED]
    assert take(make(Verdict.RAISED, 6.5)) == [Outcome.LATE]
    assert take(make(Verdict.RAISED, 8)) == [Outcome.FIRED]
    assert count(db) == 2


def test_probes_run_the_way_and_are_seen_by_nobody(
    db: Database, take: Take, make: Make, desk: Desk, clock: Fake
) -> None:
    take(make(probe=True, id="p1"), make(probe=True, id="p2"), make(at=1))
    assert len(desk.open()) == 1
    assert len(desk.page(Filters())) == 1
    assert told(db, clock) == ["alert.firing"] * 3
    assert len(Tail(db).read(0, types=["alert.*"])) == 1


def test_what_is_pending_is_nobodys_business(
    db: Database, take: Take, make: Make, desk: Desk, clock: Fake, ids: Factory
) -> None:
    other = {"device": "kiosk-2"}
    assert take(make(), make(labels=other), hold=10 * SECOND) == [Outcome.RAISED] * 2
    assert desk.open() == desk.page(Filters()) == []
    take(make(Verdict.CLEARED, 1, labels=other), hold=10 * SECOND)
    assert told(db, clock) == []
    assert sweep.ripen(db, now=clock.now() + 9 * SECOND, hold=10 * SECOND, ids=ids) == 0
    assert sweep.ripen(db, now=clock.now() + 10 * SECOND, hold=10 * SECOND, ids=ids) == 1
    assert told(db, clock) == ["alert.firing"]
    assert len(desk.open()) == len(desk.page(Filters())) == 1


def test_what_is_refused_is_kept_beside_what_is_taken(db: Database, take: Take, make: Make) -> None:
    reason = Refused("site", "x\0y", "bima, as the topic says")
    bad = Bad(topic="imm/v1/\0", properties={"a\0": "\0"}, payload=b"\xff\0", reason=reason)
    assert take(make(), bad) == [Outcome.FIRED, "refused"]
    with db.read() as tx:
        (row,) = tx.execute(select(refused)).all()
    assert (row.field, row.reason, row.payload) == ("site", "bima, as the topic says", b"\xff\0")


def test_all_or_none(db: Database, take: Take, make: Make) -> None:
    with pytest.raises(Exception, match=r"."):
        take(make(), make(labels={"device": "x"}, rule_hash=object()))
    assert count(db) == count(db, judgements) == count(db, marks) == 0


def test_two_intakes_at_once_take_each_judgement_once(db: Database, make: Make, clock: Fake) -> None:
    batches = [
        [good(make(verdict, at, labels={"device": f"d{number}"})) for number in numbers]
        for at, verdict in enumerate([Verdict.RAISED, Verdict.UPDATED, Verdict.CLEARED, Verdict.RAISED])
        for numbers in (range(5), range(4, -1, -1))
    ]
    failures: list[BaseException] = []

    def work(offset: int) -> None:
        numbers = iter(range(1_000))
        try:
            for batch in batches:
                commit(db, batch, now=clock.now(), ids=lambda: f"{offset}-{next(numbers):04}")
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert count(db) == 10
    assert count(db, judgements) == 20
    assert sorted(told(db, clock)).count("alert.firing") == 10


def test_who_judges_the_same_fingerprint_waits_for_the_other(
    db: Database, take: Take, make: Make, clock: Fake, ids: Factory
) -> None:
    assert take(make(), make(Verdict.CLEARED, 1)) == [Outcome.FIRED, Outcome.RESOLVED]
    outcomes: list[str] = []
    rival = threading.Thread(target=lambda: outcomes.extend(take(make(at=2))))
    with db.begin() as tx:
        bench = Bench(db, tx, [good(make(at=3))], now=clock.now(), ids=ids, hold=0)
        rival.start()
        rival.join(0.2)
        assert rival.is_alive()
        assert bench.take(good(make(at=3))) == Outcome.FIRED
        bench.close()
    rival.join(20)
    assert outcomes == [Outcome.LATE]


def test_the_list_is_filtered_and_paged(take: Take, make: Make, desk: Desk, clock: Fake) -> None:
    for number in range(5):
        severity = Severity.SEVERE if number % 2 else Severity.MINOR
        take(make(labels={"device": f"d{number}"}, device=f"d{number}", severity=severity))
        clock.advance(1)
    take(make(Verdict.CLEARED, 9, labels={"device": "d0"}))
    every = desk.page(Filters())
    assert [alert.device for alert in every] == ["d4", "d3", "d2", "d1", "d0"]
    first = desk.page(Filters(), limit=2)
    assert first + desk.page(Filters(), after=first[-1].id) == every
    assert [alert.device for alert in desk.page(Filters(states=(State.RESOLVED,)))] == ["d0"]
    assert [alert.device for alert in desk.page(Filters(severities=(Severity.SEVERE,)))] == ["d3", "d1"]
    assert [alert.device for alert in desk.page(Filters(device="d2", rule="hot", site="bima"))] == ["d2"]
    assert desk.page(Filters(site="other")) == []
    assert len(desk.page(Filters(since=clock.now() - SECOND))) == 2
    assert [alert.device for alert in desk.open()] == ["d3", "d1", "d4", "d2"]
    assert len(desk.open(limit=1)) == 1
    assert desk.open(site="other") == []


@pytest.mark.parametrize(
    "by, until, reason",
    [("", 1, "x"), ("S" * 201, 1, "x"), ("Siti", 0, "x"), ("Siti", 31 * DAY, "x"), ("Siti", 1, " ")],
)
def test_a_silence_says_who_how_long_and_why(
    take: Take, make: Make, desk: Desk, clock: Fake, by: str, until: int, reason: str
) -> None:
    take(make())
    (alert,) = desk.open()
    with pytest.raises(Refused):
        desk.silence(alert.id, by=by, until=clock.now() + until, reason=reason)
    assert desk.get(alert.id) == alert


def test_an_unknown_alert_is_told_so(desk: Desk, clock: Fake) -> None:
    for act in (
        lambda: desk.get("x"),
        lambda: desk.told("x"),
        lambda: desk.acknowledge("x", by="Siti"),
        lambda: desk.silence("x", by="Siti", until=clock.now() + 1, reason="x"),
    ):
        with pytest.raises(Unknown):
            act()
