"""Who forces a case open says why, is told of, and is reviewed by another."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from city.db import Database
from city.outbox.tables import outbox
from city.protected import OPENED, Cases, Consents, Duty, Force, Opening, Verdict
from city.protected.errors import Forbidden, Hidden
from contracts import cloudevents
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.protected.people import (
    DUTY,
    LEAD,
    OTHERS,
    REASON,
    STRANGER,
    SUPERVISOR,
    UNIT,
    WORKER,
    noted,
    person,
)


@pytest.fixture
def case(db: Database, cases: Cases) -> str:
    with db.begin() as tx:
        return cases.open(tx, unit=UNIT, supervisor=SUPERVISOR.id, by=LEAD).id


@pytest.fixture
def opening(db: Database, force: Force, case: str) -> Opening:
    with db.begin() as tx:
        return force.open(tx, case, by=DUTY, reason=REASON, request="q-1")


def alarms(db: Database) -> list[cloudevents.CloudEvent]:
    with db.read() as tx:
        return [cloudevents.decode(row.encode()) for row in tx.execute(select(outbox.c.event)).scalars()]


def test_it_opens_for_a_while_under_an_alarm(
    db: Database, cases: Cases, case: str, opening: Opening, clock: Fake
) -> None:
    (alarm,) = alarms(db)
    assert alarm.type.endswith(OPENED)
    assert alarm.subject == case
    assert alarm.data == {
        "case": case,
        "opening": opening.id,
        "programme": "wadul_bae",
        "unit": UNIT,
        "by": DUTY.id,
        "until": opening.until,
        "supervisors": [SUPERVISOR.id],
    }
    with db.begin() as tx:
        access = cases.look(tx, case, DUTY)
        assert (access.duty, access.until) == (None, opening.until)
        assert cases.visible(tx, DUTY) == [], "it stands in no list of his"
    assert noted(db)[1:] == [("p-duty", "opened_by_force", "break-glass"), ("p-duty", "viewed", "by-force")]
    clock.advance(3600)
    with pytest.raises(Hidden), db.begin() as tx:
        cases.look(tx, case, DUTY)


def test_again_is_the_same_opening(db: Database, force: Force, case: str, opening: Opening) -> None:
    with db.begin() as tx:
        assert force.open(tx, case, by=DUTY, reason=REASON) == opening
    assert len(alarms(db)) == 1


def test_twice_at_once_is_one_alarm(db: Database, force: Force, case: str) -> None:
    def opened(_: int) -> str:
        with db.begin() as tx:
            return force.open(tx, case, by=DUTY, reason=REASON).id

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(opened, range(4)))) == 1
    assert len(alarms(db)) == 1


@pytest.mark.parametrize("reason", ["", "urgent", "x" * 1_001, " " * 40])
def test_it_needs_a_reason_that_the_error_does_not_show(
    db: Database, force: Force, case: str, reason: str
) -> None:
    with pytest.raises(Refused) as refused, db.begin() as tx:
        force.open(tx, case, by=DUTY, reason=reason)
    assert refused.value.value == "(not shown)"
    assert alarms(db) == []


def test_who_may_not_force_learns_nothing(db: Database, force: Force, case: str) -> None:
    elsewhere = person("p-far", "force", unit="elsewhere")
    for by in (STRANGER, WORKER, LEAD, elsewhere, *OTHERS[2:4]):
        for of in (case, "a" * 26):
            with pytest.raises(Hidden), db.begin() as tx:
                force.open(tx, of, by=by, reason=REASON)
    weak = person("p-duty", "force", strong=False)
    with pytest.raises(Forbidden), db.begin() as tx:
        force.open(tx, case, by=weak, reason=REASON)
    with pytest.raises(Hidden), db.begin() as tx:
        force.open(tx, "a" * 26, by=DUTY, reason=REASON)
    assert alarms(db) == []


def test_by_force_one_only_looks(
    db: Database, cases: Cases, force: Force, consents: Consents, case: str, opening: Opening, clock: Fake
) -> None:
    steps = (
        lambda tx: cases.join(tx, case, "p-friend", Duty.LEAD, by=DUTY),
        lambda tx: cases.leave(tx, case, DUTY.id, by=DUTY),
        lambda tx: cases.close(tx, case, by=DUTY),
        lambda tx: cases.review(tx, case, by=DUTY),
        lambda tx: force.review(tx, opening.id, Verdict.JUSTIFIED, by=DUTY),
        lambda tx: force.reason(tx, opening.id, DUTY),
        lambda tx: consents.give(
            tx, case, scope="refer", receiver="rsud", until=clock.now() + 10, words="she says so", by=DUTY
        ),
    )
    for step in steps:
        with pytest.raises(Forbidden), db.begin() as tx:
            step(tx)


def test_a_supervisor_reviews_it_once(db: Database, force: Force, opening: Opening, clock: Fake) -> None:
    with db.begin() as tx:
        assert force.waiting(tx, SUPERVISOR) == [opening]
        assert force.waiting(tx, LEAD) == force.waiting(tx, DUTY) == []
        assert force.reason(tx, opening.id, SUPERVISOR) == REASON
        assert force.overdue(tx) == []
    clock.advance(25 * 3600)
    with db.begin() as tx:
        assert force.overdue(tx) == [opening]
        with pytest.raises(Forbidden):
            force.review(tx, opening.id, Verdict.JUSTIFIED, by=LEAD)
        with pytest.raises(Hidden):
            force.review(tx, opening.id, Verdict.JUSTIFIED, by=STRANGER)
        done = force.review(tx, opening.id, Verdict.UNJUSTIFIED, by=SUPERVISOR, note="she was reachable")
        assert (done.verdict, done.reviewer, done.reviewed) == ("unjustified", SUPERVISOR.id, clock.now())
        with pytest.raises(Forbidden):
            force.review(tx, opening.id, Verdict.JUSTIFIED, by=SUPERVISOR)
        assert force.waiting(tx, SUPERVISOR) == force.overdue(tx) == []
    assert noted(db)[-1] == ("p-supervisor", "opening_reviewed", "unjustified")


def test_nobody_reviews_his_own(
    db: Database, cases: Cases, force: Force, case: str, opening: Opening
) -> None:
    with db.begin() as tx:
        cases.join(tx, case, DUTY.id, Duty.SUPERVISOR, by=LEAD)
        assert force.waiting(tx, DUTY) == []
        with pytest.raises(Forbidden):
            force.review(tx, opening.id, Verdict.JUSTIFIED, by=DUTY)


def test_forgotten_with_its_case(db: Database, cases: Cases, case: str, opening: Opening) -> None:
    with db.begin() as tx:
        cases.forget(tx, case)
        assert cases.vault.held(tx, "protected.opening", opening.id) is None
