"""Nobody but the team sees a case, not even that there is one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from city.db import Database
from city.db.migrate import differences
from city.protected import Cases, Duty
from city.protected.errors import Forbidden, Hidden
from city.protected.history import HISTORY
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.protected.people import LEAD, OTHERS, STRANGER, SUPERVISOR, UNIT, WORKER, noted, person


@pytest.fixture
def case(db: Database, cases: Cases) -> str:
    with db.begin() as tx:
        made = cases.open(tx, unit=UNIT, supervisor=SUPERVISOR.id, by=LEAD).id
        cases.join(tx, made, WORKER.id, Duty.WORKER, by=LEAD)
    return made


def test_tables_are_those_of_the_migrations(db: Database) -> None:
    assert differences(db, HISTORY) == []


def test_the_team_looks_and_it_is_noted(db: Database, cases: Cases, case: str) -> None:
    for one, duty in ((LEAD, Duty.LEAD), (WORKER, Duty.WORKER), (SUPERVISOR, Duty.SUPERVISOR)):
        with db.begin() as tx:
            assert cases.look(tx, case, one).duty == duty
            assert cases.visible(tx, one) == [case]
            assert [member.person for member in cases.team(tx, case, one)] == [
                LEAD.id,
                SUPERVISOR.id,
                WORKER.id,
            ]
    assert noted(db) == [
        ("p-lead", "opened", ""),
        ("p-lead", "team.joined", "p-worker"),
        ("p-lead", "viewed", ""),
        ("p-worker", "viewed", ""),
        ("p-supervisor", "viewed", ""),
    ]


@pytest.mark.parametrize("other", range(len(OTHERS)))
def test_nobody_else_sees_that_there_is_one(db: Database, cases: Cases, case: str, other: int) -> None:
    """A case that is not his and one that is not there look the same."""
    by = OTHERS[other]
    steps = (
        lambda tx, of: cases.look(tx, of, by),
        lambda tx, of: cases.team(tx, of, by),
        lambda tx, of: cases.join(tx, of, by.id, Duty.LEAD, by=by),
        lambda tx, of: cases.leave(tx, of, LEAD.id, by=by),
        lambda tx, of: cases.review(tx, of, by=by),
        lambda tx, of: cases.close(tx, of, by=by),
    )
    for step in steps:
        told = set()
        for of in (case, "a" * 26):
            with pytest.raises(Hidden) as hidden, db.begin() as tx:
                step(tx, of)
            told.add((str(hidden.value), hidden.value.value, hidden.value.reason))
        assert len(told) == 1
        assert case not in str(told)
    with db.read() as tx:
        assert cases.visible(tx, by) == []
    assert len(noted(db)) == 2


def test_another_programmes_case_is_none(db: Database, cases: Cases, case: str) -> None:
    other = Cases(programme="jeh", vault=cases.vault, trail=cases._trail, clock=cases.clock)
    with pytest.raises(Hidden), db.begin() as tx:
        other.look(tx, case, LEAD)
    with db.read() as tx:
        assert other.visible(tx, LEAD) == []


def test_only_who_may_opens_a_case(db: Database, cases: Cases) -> None:
    for by in (WORKER, person("p-lead", "open", unit="elsewhere")):
        with pytest.raises(Forbidden), db.begin() as tx:
            cases.open(tx, unit=UNIT, supervisor=SUPERVISOR.id, by=by)
    for supervisor in (LEAD.id, ""):
        with pytest.raises(Refused), db.begin() as tx:
            cases.open(tx, unit=UNIT, supervisor=supervisor, by=LEAD)


def test_the_team_changes_by_leads_and_supervisors(db: Database, cases: Cases, case: str) -> None:
    with pytest.raises(Forbidden), db.begin() as tx:
        cases.join(tx, case, "p-friend", Duty.WORKER, by=WORKER)
    with pytest.raises(Forbidden), db.begin() as tx:
        cases.join(tx, case, LEAD.id, Duty.WORKER, by=LEAD)
    with pytest.raises(Forbidden), db.begin() as tx:
        cases.leave(tx, case, LEAD.id, by=WORKER)
    with db.begin() as tx:
        cases.join(tx, case, WORKER.id, Duty.LEAD, by=SUPERVISOR)
        cases.leave(tx, case, LEAD.id, by=WORKER)
    with pytest.raises(Hidden), db.begin() as tx:
        cases.look(tx, case, LEAD)
    with db.begin() as tx:
        cases.leave(tx, case, WORKER.id, by=WORKER)


def test_a_supervisor_stays_in_each_team(db: Database, cases: Cases, case: str) -> None:
    with pytest.raises(Forbidden), db.begin() as tx:
        cases.leave(tx, case, SUPERVISOR.id, by=SUPERVISOR)
    with pytest.raises(Forbidden), db.begin() as tx:
        cases.join(tx, case, SUPERVISOR.id, Duty.WORKER, by=LEAD)
    with db.begin() as tx:
        cases.join(tx, case, "p-other", Duty.SUPERVISOR, by=LEAD)
        cases.leave(tx, case, SUPERVISOR.id, by=SUPERVISOR)


def test_of_two_supervisors_who_leave_at_once_one_stays(db: Database, cases: Cases, case: str) -> None:
    other = person("p-other")
    with db.begin() as tx:
        cases.join(tx, case, other.id, Duty.SUPERVISOR, by=LEAD)

    def leave(number: int) -> bool:
        by = (SUPERVISOR, other)[number]
        try:
            with db.begin() as tx:
                cases.leave(tx, case, by.id, by=by)
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(leave, range(2))) == [False, True]


def test_a_supervisor_reviews_in_time(db: Database, cases: Cases, case: str, clock: Fake) -> None:
    clock.advance(31 * 86_400)
    with db.begin() as tx:
        assert [one.id for one in cases.unreviewed(tx)] == [case]
        with pytest.raises(Forbidden):
            cases.review(tx, case, by=LEAD)
        cases.review(tx, case, by=SUPERVISOR)
        assert cases.unreviewed(tx) == []
    clock.advance(31 * 86_400)
    with db.begin() as tx:
        cases.close(tx, case, by=LEAD)
        assert cases.unreviewed(tx) == []
        assert cases.look(tx, case, WORKER).case.closed == clock.now()


def test_ids_say_nothing(db: Database, cases: Cases) -> None:
    with db.begin() as tx:
        made = [cases.open(tx, unit=UNIT, supervisor="p-s", by=LEAD).id for _ in range(30)]
        assert cases.visible(tx, LEAD, limit=10) == sorted(made)[:10]
        assert cases.visible(tx, LEAD, after=sorted(made)[9], limit=100) == sorted(made)[10:]
        assert cases.visible(tx, STRANGER) == []
    assert len(set(made)) == 30
    assert made != sorted(made), "not in the order in which they were opened"
    assert all(len(one) == 26 and one.isalnum() for one in made)


def test_a_forgotten_case_leaves_nothing(db: Database, cases: Cases, case: str) -> None:
    with db.begin() as tx:
        cases.forget(tx, case)
    with pytest.raises(Hidden), db.begin() as tx:
        cases.look(tx, case, LEAD)
