"""Who is told of an incident, who may have it, and what happens when nobody takes it; on both databases."""

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from city.audit.tables import entries as trail
from city.errors import Outdated
from city.identity.caller import SYSTEM
from city.identity.errors import Forbidden
from city.schedule.tables import clocks
from contracts.errors import Refused
from contracts.instants import MINUTE, SECOND, from_rfc3339
from contracts.judgements import Severity
from programmes.tangi.errors import NotNow, Unknown
from programmes.tangi.model import Priority, State, Step
from programmes.tangi.service import Filters
from programmes.tangi.settings import Settings
from runtime.clock import Fake
from tests.fixtures.stage import Stage, alert, officer
from tests.programmes.staff import fire, hear, hire, only, told, unit, whats

UNITS = Settings(units={"bima": "dishub"})


@pytest.fixture
def stage(city_url: str, clock: Fake) -> Iterator[Stage]:
    clock.jump((from_rfc3339("2026-11-30T10:00:00+07:00") - clock.now()) / SECOND)  # a Monday
    stage = Stage(city_url, clock, desk=UNITS)
    unit(stage, "dishub")
    unit(stage, "damkar")
    yield stage
    stage.close()


def test_the_unit_whose_incident_it_is_hears_of_it(stage: Stage) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    budi = hire(stage, "Budi", "supervisor")  # of the whole city
    hire(stage, "Tono", "dispatcher", "damkar")
    hire(stage, "Dewi", "observer", "dishub")
    hire(stage, "Agus", "dispatcher", "dishub", state="suspended")
    hear(stage, "firing", alert(stage.clock, 1))
    assert only(stage).unit == "dishub"
    assert told(stage) == [(budi, "opened"), (sri, "opened")]


def test_a_unit_sees_its_own_alone(stage: Stage) -> None:
    hear(stage, "firing", alert(stage.clock, 1))
    hear(stage, "firing", alert(stage.clock, 2, site="elsewhere"))
    mine, others = officer("Sri", "dishub"), officer("Tono", "damkar")
    desk = stage.tangi.incidents
    assert [one.site for one in desk.page(Filters(units=frozenset({"dishub"})))] == ["bima"]
    number = next(one.number for one in desk.page(Filters()) if one.site == "bima")
    assert desk.get(number, by=mine).unit == "dishub"
    with pytest.raises(Unknown):
        desk.get(number, by=others)
    with pytest.raises(Unknown):
        desk.step(number, Step.ACKNOWLEDGE, by=others)
    looker = replace(
        mine, reach={"tangi.incidents.read": None, "tangi.incidents.work": frozenset({"damkar"})}
    )
    with pytest.raises(Forbidden):
        desk.step(number, Step.ACKNOWLEDGE, by=looker)
    with pytest.raises(Forbidden):
        stage.tangi.assigning.assign(number, "p-sri", by=looker)


def test_whoever_is_to_act_is_told_and_his_name_shown(stage: Stage) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    tono = hire(stage, "Tono", "dispatcher", "damkar")
    hear(stage, "firing", alert(stage.clock, 1))
    number = only(stage).number
    assign = stage.tangi.assigning.assign
    assert [one.id for one in stage.tangi.assigning.candidates(only(stage))] == [sri]
    with pytest.raises(Refused, match="person"):
        assign(number, tono, by=officer("Budi"))
    with pytest.raises(Outdated):
        assign(number, sri, by=officer("Budi"), seen=7)
    one = assign(number, sri, by=officer("Budi"), note="paling dekat")
    assert (one.state, one.assignee, one.assigned_to) == (State.DISPATCHED, sri, "Sri")
    assert assign(number, sri, by=officer("Budi")) == one  # twice is the same as once
    assert told(stage) == [(sri, "assigned"), (sri, "opened")]
    stage.tangi.incidents.step(number, Step.RESOLVE, by=officer("Sri"), reason="sepi lagi")
    with pytest.raises(NotNow):
        assign(number, sri, by=officer("Budi"))


def test_who_takes_it_himself_is_not_told_so_and_who_had_a_hand_in_it_hears_its_end(stage: Stage) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    hear(stage, "firing", alert(stage.clock, 1))
    number = only(stage).number
    desk = stage.tangi.incidents
    assert desk.step(number, Step.ACKNOWLEDGE, by=officer("Sri")).assignee == sri
    desk.step(number, Step.RESOLVE, by=officer("Budi"), reason="dialihkan ke barat")
    desk.step(number, Step.CLOSE, by=officer("Dewi"))
    assert told(stage) == [("p-budi", "closed"), (sri, "closed"), (sri, "opened")]


@pytest.mark.parametrize(
    "severity, due",
    [
        (Severity.EXTREME, "2026-11-30T10:01:00+07:00"),
        (Severity.SEVERE, "2026-11-30T10:05:00+07:00"),
        (Severity.MODERATE, "2026-11-30T10:30:00+07:00"),
        (Severity.MINOR, "2026-11-30T15:00:00+07:00"),  # four hours of work, an hour's break between
    ],
)
def test_it_is_due_by_its_priority(stage: Stage, severity: Severity, due: str) -> None:
    hear(stage, "firing", alert(stage.clock, 1, severity=severity))
    assert only(stage).due == from_rfc3339(due)


def test_what_nobody_takes_is_reminded_of_and_escalated_once(stage: Stage, clock: Fake) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    budi = hire(stage, "Budi", "supervisor", "dishub")
    hear(stage, "firing", alert(clock, 1))
    clock.jump(22 * 60)
    assert fire(stage) == 0
    clock.jump(31)
    assert fire(stage) == 1
    opened = [(budi, "opened"), (sri, "opened")]
    assert told(stage) == sorted([*opened, (budi, "due"), (sri, "due")])
    clock.jump(8 * 60)
    assert fire(stage) == 1
    assert fire(stage) == 0
    one = only(stage)
    assert one.escalated == clock.now()
    assert whats(stage) == ["firing", "overdue"]
    assert told(stage) == sorted([*opened, (budi, "due"), (sri, "due"), (budi, "overdue")])


def test_who_was_sent_is_reminded_alone_and_told_with_those_who_answer(stage: Stage, clock: Fake) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    budi = hire(stage, "Budi", "supervisor", "dishub")
    hear(stage, "firing", alert(clock, 1))
    stage.tangi.assigning.assign(only(stage).number, sri, by=officer("Budi"))
    clock.jump(25 * 60)
    fire(stage)
    assert [one for one in told(stage) if one[1] == "due"] == [(sri, "due")]
    clock.jump(6 * 60)
    fire(stage)
    assert [one for one in told(stage) if one[1] == "overdue"] == [(budi, "overdue"), (sri, "overdue")]


def test_a_desk_that_was_down_escalates_at_once(stage: Stage, clock: Fake) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")  # nobody answers for the desk: he is told
    hear(stage, "firing", alert(clock, 1))
    clock.jump(3_600)
    assert (fire(stage), fire(stage)) == (1, 0)
    assert told(stage) == [(sri, "opened"), (sri, "overdue")]


def test_what_is_in_hand_is_left_alone(stage: Stage, clock: Fake) -> None:
    hire(stage, "Sri", "dispatcher", "dishub")
    hear(stage, "firing", alert(clock, 1))
    stage.tangi.incidents.step(only(stage).number, Step.ACKNOWLEDGE, by=officer("Sri"))
    before = only(stage)
    clock.jump(3_600)
    fire(stage)
    assert (only(stage), before.due) == (before, None)
    with stage.db.read() as tx:
        assert tx.execute(select(clocks)).all() == []


def test_what_becomes_urgent_is_due_sooner_and_told_again(stage: Stage, clock: Fake) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    one = alert(clock, 1)
    hear(stage, "firing", one)
    clock.jump(60)
    hear(stage, "updated", replace(one, severity=Severity.EXTREME, updated=clock.now()))
    assert (only(stage).priority, only(stage).due) == (Priority.P1, clock.now() + MINUTE)
    clock.jump(61)
    fire(stage)
    assert told(stage) == [(sri, "opened"), (sri, "overdue"), (sri, "risen")]
    clock.jump(3_600)
    fire(stage)  # the first clock, which is nobody's any more
    assert len(told(stage)) == 3


def test_a_clock_of_an_earlier_priority_says_nothing(stage: Stage, clock: Fake) -> None:
    sri = hire(stage, "Sri", "dispatcher", "dishub")
    one = alert(clock, 1)
    hear(stage, "firing", one)
    clock.jump(22 * 60)
    hear(stage, "updated", replace(one, severity=Severity.SEVERE, updated=clock.now()))
    clock.jump(40)  # the first reminder's time, and not the second's
    fire(stage)
    assert told(stage) == [(sri, "opened"), (sri, "risen")]
    clock.jump(200)
    fire(stage)
    assert told(stage) == [(sri, "due"), (sri, "opened"), (sri, "risen")]


def test_a_clock_and_a_step_at_once_leave_one_truth(stage: Stage, clock: Fake) -> None:
    """Whoever is first, nothing is lost, nothing blocks for ever, and both are on the timeline in order."""
    for count in range(8):
        hear(stage, "firing", alert(clock, count))
    clock.jump(3_600)
    numbers = [one.number for one in stage.tangi.incidents.page(Filters())]

    def act() -> None:
        for number in numbers:
            stage.tangi.incidents.step(number, Step.ACKNOWLEDGE, by=officer("Sri"))

    thread = threading.Thread(target=act)
    thread.start()
    fire(stage)
    thread.join()
    fire(stage)
    for number in numbers:
        found = stage.tangi.incidents.get(number, by=SYSTEM)
        assert (found.state, found.due) == (State.ACKNOWLEDGED, None)
        assert [entry.what for entry in found.timeline] in (
            ["firing", "acknowledge"],
            ["firing", "overdue", "acknowledge"],
        )
        assert (found.escalated is None) == (len(found.timeline) == 2)


def test_a_change_whose_notice_cannot_be_kept_is_no_change(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(stage, "Sri", "dispatcher", "dishub")

    def fail(*_: object) -> str:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(stage.core.notices, "ask", fail)
        with pytest.raises(RuntimeError):
            hear(stage, "firing", alert(stage.clock, 1))
    assert stage.tangi.incidents.page(Filters()) == []
    with stage.db.read() as tx:
        assert tx.execute(select(clocks)).all() == []


def test_the_trail_says_who_looked_and_who_changed_what_and_why(stage: Stage, clock: Fake) -> None:
    hire(stage, "Sri", "dispatcher", "dishub")
    hear(stage, "firing", alert(clock, 1))
    number = only(stage).number
    desk = stage.tangi.incidents
    for _ in range(3):
        desk.get(number, by=officer("Sri"))  # his page renews itself
        clock.jump(60)
    stage.tangi.assigning.assign(number, "p-sri", by=officer("Budi"), note="paling dekat")
    desk.step(number, Step.RESOLVE, by=officer("Sri"), reason="hubungi 081234567890, sepi lagi")
    clock.jump(600)
    desk.get(number, by=officer("Sri"))
    with stage.db.read() as tx:
        found = tx.execute(select(trail).order_by(trail.c.id)).all()
    assert {(row.kind, row.record, row.unit) for row in found} == {("tangi.incident", number, "dishub")}
    assert [(row.by, row.action, row.why) for row in found] == [
        ("p-sri", "viewed", "on duty at the desk"),
        ("p-budi", "assigned", "paling dekat"),
        ("p-sri", "incident.resolved", "hubungi …, sepi lagi"),
        ("p-sri", "viewed", "assigned to it"),
    ]
    assert found[1].fields == "assignee state"
