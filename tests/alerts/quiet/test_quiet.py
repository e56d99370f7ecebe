"""Silences, causes and planned work: who is told of what, and when."""

import pytest
from sqlalchemy import select

from alerts.errors import Lapsed
from alerts.model.lifecycle import Outcome
from alerts.quiet.matchers import Matcher, Op
from alerts.quiet.model import Plan, Silence, State
from city.audit.tables import entries
from city.errors import Outdated
from contracts.alerts import Quiet
from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE
from contracts.judgements import Verdict
from tests.alerts.room import SITI, Room, devices

FIRING = "alert.firing"


def plan(room: Room, *matchers: Matcher, last: int = HOUR, start: int = 0, **changes: object) -> Plan:
    now = room.clock.now()
    fields = {"starts": now + start, "ends": now + start + last, "reason": "PLN padam"} | changes
    return Plan(matchers=matchers or (Matcher(name="site", value="bima"),), **fields)  # type: ignore[arg-type]


def silence(room: Room, *matchers: Matcher, **changes: object) -> Silence:
    with room.db.begin() as tx:
        return room.silences.add(tx, SITI, plan(room, *matchers, **changes))  # type: ignore[arg-type]


def end(room: Room, of: Silence, seen: int | None = None) -> Silence:
    with room.db.begin() as tx:
        return room.silences.end(tx, SITI, of.id, reason="menyala lagi", seen=seen)


def test_a_silence_holds_back_what_begins_to_fire_and_tells_of_it_at_its_end(room: Room) -> None:
    made = silence(room)
    room.fire("kiosk-1", "kiosk-2")
    alert = room.of("kiosk-1")
    assert (alert.quiet, alert.silence, alert.told) == (Quiet.SILENCED, made.id, None)
    assert alert.silenced_until == made.ends
    assert room.told("alert.firing", "alert.held") == [("alert.held", "kiosk-1"), ("alert.held", "kiosk-2")]
    room.clear("kiosk-2")
    room.wait(3_599)
    assert room.told(FIRING) == []
    room.wait(1)
    assert room.told(FIRING) == [(FIRING, "kiosk-1")]
    alert = room.of("kiosk-1")
    assert (alert.quiet, alert.silence, alert.told) == (None, "", room.clock.now())
    lines = room.desk.told(alert.id).history
    assert [(line.outcome, line.by, line.note) for line in lines] == [
        (Outcome.FIRED, "analytics", "PLN padam"),
        (Outcome.RELEASED, "/alerts", ""),
    ]
    assert room.silences.get(made.id).ended_by == "/clock"


def test_what_people_know_already_becomes_quiet_and_is_not_told_again(room: Room) -> None:
    room.fire("kiosk-1")
    made = silence(room)
    assert room.of("kiosk-1").quiet is Quiet.SILENCED
    line = room.desk.told(room.of("kiosk-1").id).history[-1]
    assert (line.outcome, line.by, line.note) == (Outcome.SILENCED, "Siti", "PLN padam")
    end(room, made)
    assert room.of("kiosk-1").quiet is None
    assert room.told(FIRING) == [(FIRING, "kiosk-1")]


def test_only_what_matches_is_silent(room: Room) -> None:
    room.fire("kiosk-1", "kiosk-2", "wifi-1")
    silence(
        room,
        Matcher(name="device", op=Op.PATTERN, value="kiosk-.*"),
        Matcher(name="device", op=Op.UNEQUAL, value="kiosk-2"),
    )
    assert [room.of(one).quiet for one in ("kiosk-1", "kiosk-2", "wifi-1")] == [Quiet.SILENCED, None, None]


def test_a_silence_begins_when_it_was_planned_to(room: Room) -> None:
    made = silence(room, start=HOUR)
    room.fire("kiosk-1")
    assert (room.silences.state(made), room.of("kiosk-1").quiet) == (State.PLANNED, None)
    room.wait(3_600)
    assert (room.silences.state(made), room.of("kiosk-1").quiet) == (State.ACTIVE, Quiet.SILENCED)


def test_of_two_silences_the_longer_holds(room: Room) -> None:
    room.fire("kiosk-1")
    long = silence(room, last=2 * HOUR)
    silence(room)
    assert room.of("kiosk-1").silence == long.id
    end(room, long)
    assert room.of("kiosk-1").quiet is Quiet.SILENCED
    room.wait(3_600)
    assert room.of("kiosk-1").quiet is None


def test_until_resolved_it_lapses_with_the_last_alert(room: Room) -> None:
    room.fire("kiosk-1", "kiosk-2")
    made = silence(room, until_resolved=True)
    room.clear("kiosk-1")
    assert room.silences.state(made) is State.ACTIVE
    room.clear("kiosk-2")
    over = room.silences.get(made.id)
    assert (over.ended, over.ended_by) == (room.clock.now(), "/alerts")
    room.fire("kiosk-1")
    assert room.of("kiosk-1").quiet is None
    with pytest.raises(Refused, match="nothing that fires"):
        silence(room, Matcher(name="site", value="elsewhere"), until_resolved=True)


def test_another_end_moves_the_clock(room: Room) -> None:
    made = silence(room)
    room.fire("kiosk-1")
    with room.db.begin() as tx:
        room.silences.change(tx, SITI, made.id, plan(room, last=2 * HOUR), seen=1)
    assert room.of("kiosk-1").silenced_until == room.clock.now() + 2 * HOUR
    room.wait(3_600)
    assert room.of("kiosk-1").quiet is Quiet.SILENCED
    with pytest.raises(Outdated):
        end(room, made, seen=1)
    room.wait(3_600)
    assert room.of("kiosk-1").quiet is None
    with pytest.raises(Lapsed):
        end(room, made)


def test_an_alerts_own_silence_lapses_by_a_clock(room: Room) -> None:
    room.fire("kiosk-1")
    room.desk.silence(room.of("kiosk-1").id, by="Siti", until=room.clock.now() + HOUR, reason="teknisi")
    assert room.of("kiosk-1").quiet is Quiet.SILENCED
    room.wait(3_600)
    alert = room.of("kiosk-1")
    assert (alert.quiet, alert.silenced_until) == (None, None)


def test_a_preview_changes_nothing_and_says_what_would_be_held(room: Room) -> None:
    room.fire("kiosk-1", "kiosk-2")
    room.fire("kiosk-3", rule="slow")
    found = room.silences.preview(plan(room, Matcher(name="device", op=Op.PATTERN, value="kiosk-[23]")))
    assert (found.count, found.told, found.sites, found.rules) == (2, 2, {"bima": 2}, {"slow": 1, "hot": 1})
    assert [alert.device for alert in found.alerts] == ["kiosk-3", "kiosk-2"]
    assert {alert.quiet for alert in room.all()} == {None}


def test_what_is_done_is_in_the_audit_trail(room: Room) -> None:
    end(room, silence(room))
    with room.db.read() as tx:
        rows = tx.execute(select(entries.c.by, entries.c.action, entries.c.why).order_by(entries.c.id)).all()
    assert [tuple(row) for row in rows] == [
        ("siti", "created", "PLN padam"),
        ("siti", "ended", "menyala lagi"),
    ]
    assert [kind for kind, _ in room.told()] == ["silence.created", "silence.ended"]


def test_more_than_one_transaction_bears_is_done_by_a_clock(small: Room) -> None:
    many = devices(1_100)
    small.fire(*many)
    made = silence(small)
    assert 0 < sum(alert.quiet is Quiet.SILENCED for alert in small.all()) < 1_100
    small.wait()
    assert {alert.quiet for alert in small.all()} == {Quiet.SILENCED}
    end(small, made)
    small.wait()
    assert {alert.quiet for alert in small.all()} == {None, Quiet.GROUPED}


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"last": -MINUTE}, "ends"),
        ({"last": 31 * 24 * HOUR}, "ends"),
        ({"start": 400 * 24 * HOUR}, "starts"),
        ({"reason": " "}, "reason"),
        ({"start": HOUR, "until_resolved": True}, "until_resolved"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(small: Room, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as caught:
        silence(small, **changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "matcher",
    [
        Matcher(name="device", op=Op.UNEQUAL, value="kiosk-1"),
        Matcher(name="device", op=Op.PATTERN, value=".*"),
        Matcher(name="device", op=Op.PATTERN, value="("),
        Matcher(name="device", op=Op.PATTERN, value="((a{100}){100}){100}"),
        Matcher(name="", value="x"),
        Matcher(name="device", value="x" * 201),
    ],
)
def test_a_matcher_that_asks_for_nothing_or_cannot_be_read_is_refused(small: Room, matcher: Matcher) -> None:
    with pytest.raises(Refused, match="matchers"):
        silence(small, matcher)


def test_a_site_that_is_down_hides_its_devices_until_it_is_back(room: Room) -> None:
    room.fire("kiosk-1")
    room.fire("")
    room.fire("kiosk-2")
    room.fire("kiosk-9", site="other")
    site = room.of("")
    assert site.quiet is None
    assert [room.of(one).inhibited_by for one in ("kiosk-1", "kiosk-2", "kiosk-9")] == [site.id, site.id, ""]
    assert [device for _, device in room.told(FIRING)] == ["kiosk-1", "", "kiosk-9"]
    room.clear("kiosk-1")
    room.clear("")
    assert [device for _, device in room.told(FIRING)] == ["kiosk-1", "", "kiosk-9", "kiosk-2"]
    assert room.of("kiosk-2").quiet is None


def test_in_one_batch_the_order_does_not_matter(room: Room) -> None:
    room.take(room.judgement(Verdict.RAISED, "kiosk-1"), room.judgement(Verdict.RAISED, ""))
    assert room.of("kiosk-1").quiet is Quiet.INHIBITED


def test_planned_work_keeps_a_device_quiet_for_as_long_as_it_lasts(room: Room) -> None:
    room.maintain("kiosk-1", 600)
    room.fire("kiosk-1")
    alert = room.of("kiosk-1")
    assert (alert.quiet, alert.maintenance_until) == (Quiet.MAINTENANCE, room.clock.now() + 10 * MINUTE)
    assert room.desk.told(alert.id).history[-1].note == "ganti layar"
    room.wait(599)
    room.look()
    assert room.told(FIRING) == []
    room.wait(1)
    room.look()
    assert room.told(FIRING) == [(FIRING, "kiosk-1")]


def test_work_that_begins_while_an_alert_fires_makes_it_quiet(room: Room) -> None:
    room.roster.add("kiosk-1")
    room.fire("kiosk-1")
    room.maintain("kiosk-1", 600, start=60)
    room.wait(60)
    room.look()
    assert room.of("kiosk-1").quiet is Quiet.MAINTENANCE


def test_what_stands_beside_an_alert_ends_with_it(room: Room) -> None:
    silence(room)
    room.maintain("kiosk-1", 600)
    room.fire("kiosk-1")
    room.clear("kiosk-1")
    alert = room.of("kiosk-1")
    assert (alert.quiet, alert.silence, alert.silenced_until, alert.maintenance_until) == (
        None,
        "",
        None,
        None,
    )
    assert room.told(FIRING) == []
