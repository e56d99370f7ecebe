"""Rules on trial say what they would; once active they alert; nothing is lost or doubled between the two."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

import alerts.tables
import city.audit.history
from alerts.check import Good
from alerts.commit import commit
from alerts.desk import Desk
from alerts.means import Means
from alerts.model.lifecycle import Outcome, Place
from alerts.rulebook.errors import Idle, Unknown, Untried
from alerts.rulebook.model import Shelf, State
from alerts.rulebook.service import Rulebook
from alerts.rulebook.standing import ask
from alerts.rulebook.tables import HISTORY, findings, standing
from city import history
from city.audit import Trail
from city.audit.tables import entries
from city.db import Database, check, upgrade
from city.db.migrate import differences
from city.errors import Outdated
from city.identity.caller import SYSTEM, Caller, Kind
from contracts.backtest import Report
from contracts.judgements import Judgement, Severity, Text, Verdict
from contracts.rules import Rule, Threshold
from contracts.series import Selector
from runtime.clock import Fake
from runtime.ids import Factory
from tests.alerts.conftest import Make

SRI = Caller(kind=Kind.PERSON, id="p-1", name="Sri Wahyuni")
MEANS = Means(rulebook=True)


def rule(limit: float, id_: str = "hot") -> Rule:
    return Rule(
        id=id_,
        title=Text(id="Panas", en="Hot"),
        severity=Severity.MODERATE,
        select=Selector(metrics=("temperature",)),
        test=Threshold(limit=limit),
    )


def report(of: Rule) -> Report:
    return Report(
        rule=of.id,
        rule_hash=of.hash,
        content={},
        title=of.title,
        severity=of.severity,
        source="store",
        since=1_700_000_000_000_000,
        until=1_700_000_100_000_000,
        lives=3,
    )


class Book:
    """A rulebook whose file can be written, and an intake beside it."""

    def __init__(self, db: Database, clock: Fake, ids: Factory) -> None:
        self.db, self.clock, self.ids = db, clock, ids
        self.rules: list[Rule] = [rule(80)]
        self.service = Rulebook(
            db, lambda: Shelf(rules=tuple(self.rules)), clock=clock, ids=ids, trail=Trail(clock=clock)
        )
        self.desk = Desk(db, clock=clock, ids=ids)

    def take(self, *found: Judgement) -> list[str]:
        batch = [Good(judgement=one, place=Place.of(one, None)) for one in found]
        return commit(self.db, batch, now=self.clock.now(), ids=self.ids, means=MEANS)

    def activate(self, of: Rule | None = None, *, seen: int | None = None) -> None:
        told = of or self.rules[0]
        with self.db.begin() as tx:
            mark = self.service.hand_in(tx, SRI, told.id, report(told))
            self.service.activate(tx, SRI, told.id, mark, why="sudah dibaca", seen=seen)

    def count(self, table: object) -> int:
        with self.db.read() as tx:
            found: int = tx.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
            return found

    @property
    def state(self) -> State:
        return self.service.get("hot").listed.state


@pytest.fixture
def book(city_url: str, clock: Fake, ids: Factory) -> Iterator[Book]:
    database = Database(city_url)
    histories = [history.HISTORY, city.audit.history.HISTORY, alerts.tables.HISTORY, HISTORY]
    upgrade(database, histories)
    check(database, histories)
    yield Book(database, clock, ids)
    database.close()


@pytest.fixture
def said(make: Make, book: Book) -> Make:
    """Judgements of the file's present content."""

    def judgement(verdict: Verdict = Verdict.RAISED, at: float = 0, **changes: object) -> Judgement:
        mark = book.rules[0].hash
        changes = {"rule_hash": mark, "id": f"{mark}-{verdict}-{at}"} | changes
        return make(verdict, at, **changes)

    return judgement


def test_migrations_make_what_the_code_declares(book: Book) -> None:
    assert differences(book.db, HISTORY) == []


def test_on_trial_what_is_said_is_kept_and_nobody_is_alerted(book: Book, said: Make) -> None:
    assert book.take(said(), said(Verdict.UPDATED, 1)) == [Outcome.TRIAL, Outcome.TRIAL]
    assert book.take(said()) == [Outcome.DUPLICATE]
    assert book.desk.open() == []
    told = book.service.get("hot")
    assert (told.listed.state, told.listed.said, told.listed.revision) == (State.TRIAL, 2, 0)
    assert [one.verdict for one in told.findings] == [Verdict.UPDATED, Verdict.RAISED]
    assert book.take(said(Verdict.CLEARED, 2)) == [Outcome.TRIAL]
    assert book.count(standing) == 0


def test_activation_takes_up_what_is_so_at_that_moment(book: Book, said: Make) -> None:
    other = {"labels": {"device": "kiosk-2"}, "device": "kiosk-2", "fingerprint": "f2", "id": "two"}
    book.take(said(), said(at=1, **other), said(Verdict.CLEARED, 2, **(other | {"id": "three"})))
    assert book.desk.open() == []
    book.activate()
    (alert,) = book.desk.open()
    assert (alert.device, alert.rule_hash) == ("kiosk-1", book.rules[0].hash)
    assert book.count(standing) == 0
    assert book.take(said(Verdict.UPDATED, 3)) == [Outcome.UPDATED]
    assert book.take(said(Verdict.CLEARED, 4)) == [Outcome.RESOLVED]
    assert book.count(findings) == 3
    assert book.state is State.ACTIVE


def test_a_changed_rule_is_on_trial_again_and_its_alert_neither_lost_nor_doubled(
    book: Book, said: Make
) -> None:
    book.activate()
    assert book.take(said()) == [Outcome.FIRED]
    book.rules = [rule(85)]
    assert book.state is State.CHANGED
    assert book.take(said(Verdict.UPDATED, 1)) == [Outcome.TRIAL]
    (alert,) = book.desk.open()
    assert alert.rule_hash == rule(80).hash  # as it was, until somebody activates the new content
    book.activate()
    (same,) = book.desk.open()
    assert (same.id, same.rule_hash) == (alert.id, rule(85).hash)
    assert book.take(said(Verdict.CLEARED, 2)) == [Outcome.RESOLVED]


def test_a_rule_on_trial_can_end_the_alert_of_its_earlier_content(book: Book, said: Make) -> None:
    book.activate()
    book.take(said())
    book.rules = [rule(85)]
    assert book.take(said(Verdict.CLEARED, 1)) == [Outcome.RESOLVED]
    assert book.take(said(at=2)) == [Outcome.TRIAL]
    assert book.desk.open() == []


def test_back_to_trial_and_active_again(book: Book, said: Make) -> None:
    book.activate()
    book.take(said())
    with book.db.begin() as tx:
        book.service.put_on_trial(tx, SRI, "hot", why="terlalu sering")
    assert book.take(said(Verdict.CLEARED, 1), said(at=2)) == [Outcome.RESOLVED, Outcome.TRIAL]
    with pytest.raises(Idle), book.db.begin() as tx:
        book.service.put_on_trial(tx, SRI, "hot", why="lagi")
    book.activate()
    assert len(book.desk.open()) == 1


def test_a_report_must_be_of_the_files_content(book: Book) -> None:
    with pytest.raises(Untried, match="no such report"), book.db.begin() as tx:
        book.service.activate(tx, SRI, "hot", "none")
    with pytest.raises(Untried, match="the file has"), book.db.begin() as tx:
        book.service.hand_in(tx, SRI, "hot", report(rule(85)))
    with pytest.raises(Unknown), book.db.begin() as tx:
        book.service.hand_in(tx, SRI, "cold", report(rule(1, "cold")))
    with book.db.begin() as tx:
        mark = book.service.hand_in(tx, SRI, "hot", report(rule(80)))
    book.rules = [rule(85)]
    with pytest.raises(Untried, match="another content"), book.db.begin() as tx:
        book.service.activate(tx, SRI, "hot", mark)


def test_who_decides_by_an_old_page_is_told(book: Book) -> None:
    book.activate(seen=0)
    with pytest.raises(Outdated):
        book.activate(seen=0)


def test_decisions_are_noted_and_told(book: Book) -> None:
    book.activate()
    with book.db.begin() as tx:
        book.service.put_on_trial(tx, SRI, "hot", why="terlalu sering")
    with book.db.read() as tx:
        noted = [
            (row.by, row.action, row.record) for row in tx.execute(select(entries).order_by(entries.c.id))
        ]
    assert noted == [("p-1", "activated", "hot"), ("p-1", "put_on_trial", "hot")]
    listed = book.service.get("hot").listed
    assert (listed.by, listed.why, listed.revision) == ("Sri Wahyuni", "terlalu sering", 2)


def test_the_platform_activates_what_it_ships_until_somebody_else_decides(book: Book) -> None:
    shipped = {one.hash: report(one) for one in (rule(80), rule(85))}
    assert book.service.ship({}) == []
    assert book.service.ship(shipped) == ["hot"]
    assert book.service.ship(shipped) == []
    book.rules = [rule(85)]
    assert book.service.ship(shipped) == ["hot"]
    with book.db.begin() as tx:
        book.service.put_on_trial(tx, SRI, "hot", why="terlalu sering")
    book.rules = [rule(80)]
    assert book.service.ship(shipped) == []
    with book.db.read() as tx:
        by = tx.execute(select(entries.c.by).order_by(entries.c.id)).scalars().first()
    assert by == SYSTEM.id


def test_the_platforms_own_rules_need_no_activation(book: Book, make: Make) -> None:
    assert book.take(make(rule="presence", id="p"), make(probe=True, id="q")) == [Outcome.FIRED] * 2
    with book.db.read() as tx:
        assert ask(tx, "presence", "any") == "active"
        assert ask(tx, "hot", rule(80).hash) == "trial"


def test_a_rule_that_no_file_has_stays_in_the_list(book: Book) -> None:
    book.activate()
    book.rules = []
    (listed,), trouble = book.service.listed()
    assert (listed.state, listed.severity, trouble) == (State.GONE, None, "")
