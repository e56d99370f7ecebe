"""Groups: what belongs together, how it stands, and of how much of a storm people are told."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk import Filters
from alerts.errors import NoGroup
from alerts.groups.model import Group, Grouping, State, Storm
from alerts.groups.service import Filters as Which
from alerts.model.lifecycle import Outcome
from alerts.quiet.matchers import Matcher
from alerts.quiet.model import Plan
from city.errors import Outdated
from contracts.alerts import Quiet
from contracts.instants import HOUR
from contracts.judgements import Severity
from runtime.ids import Factory
from tests.alerts.room import HISTORIES, SITI, Room, devices
from tests.fixtures.tables import ready

FIRING = "alert.firing"


@pytest.fixture
def room(city_url: str, ids: Factory) -> Iterator[Room]:
    database = ready(city_url, HISTORIES)
    yield Room(database, ids, storm=Storm(most=3, span=60))
    database.close()


@pytest.fixture
def small(tmp_path: Path, ids: Factory) -> Iterator[Room]:
    database = ready(f"sqlite:///{tmp_path / 'lite.sqlite'}", HISTORIES)
    by_kind = Grouping(name="wifi", by=("kind",), match=(Matcher(name="kind", value="wifi"),))
    yield Room(database, ids, groupings=(by_kind, Grouping(name="site", by=("site",))), linger=0.0)
    database.close()


def groups(room: Room, *states: State) -> list[Group]:
    return room.alerts.groups.page(Which(states=states))


def acknowledge(room: Room, group: str, seen: int | None = None) -> Group:
    with room.db.begin() as tx:
        return room.alerts.groups.acknowledge(tx, SITI, group, note="kami lihat", seen=seen)


def test_alerts_of_one_rule_at_one_site_are_one_group(room: Room) -> None:
    room.fire("kiosk-1", "kiosk-2")
    room.fire("kiosk-3", severity=Severity.SEVERE)
    room.fire("kiosk-9", site="other")
    worst, other = groups(room)
    assert (worst.labels, worst.count, worst.firing) == ({"site": "bima", "rule": "hot"}, 3, 3)
    assert (worst.severity, other.severity) == (Severity.SEVERE, Severity.MODERATE)
    assert {alert.device for alert in room.desk.page(Filters(group=worst.id))} == {
        "kiosk-1",
        "kiosk-2",
        "kiosk-3",
    }
    room.clear("kiosk-3")
    assert room.alerts.groups.get(worst.id).severity is Severity.MODERATE
    with pytest.raises(NoGroup):
        room.alerts.groups.get("none")


def test_a_group_lingers_for_what_comes_again(room: Room) -> None:
    room.fire("kiosk-1")
    room.clear("kiosk-1")
    room.wait(299)
    room.fire("kiosk-2")
    room.clear("kiosk-2")
    room.wait(299)
    (group,) = groups(room, State.OPEN)
    assert (group.count, group.firing) == (2, 0)
    room.wait(1)
    (group,) = groups(room, State.CLOSED)
    assert (group.closed, group.severity) == (room.clock.now(), Severity.MODERATE)
    room.fire("kiosk-1")
    assert len(groups(room)) == 2
    assert room.told("alert_group.opened", "alert_group.closed") == [
        ("alert_group.opened", ""),
        ("alert_group.closed", ""),
        ("alert_group.opened", ""),
    ]


def test_of_a_storm_people_are_told_of_a_few_and_of_what_is_worse(room: Room) -> None:
    room.fire(*devices(10))
    room.fire("kiosk-x", severity=Severity.EXTREME)
    told = [device for _, device in room.told(FIRING)]
    assert told == [*devices(3), "kiosk-x"]
    (group,) = groups(room)
    assert (group.count, group.firing, group.told, group.held) == (11, 11, 4, 7)
    kept = room.of("kiosk-00009")
    assert (kept.quiet, kept.told, kept.grouped) == (Quiet.GROUPED, None, True)
    assert room.desk.told(kept.id).history[-1].note == f"group {group.id}"
    room.wait(60)
    room.fire("kiosk-y")
    assert [device for _, device in room.told(FIRING)] == [*told, "kiosk-y"]


def test_the_end_of_a_silence_is_no_storm_either(room: Room) -> None:
    now = room.clock.now()
    plan = Plan(matchers=(Matcher(name="site", value="bima"),), starts=now, ends=now + HOUR, reason="r")
    with room.db.begin() as tx:
        room.silences.add(tx, SITI, plan)
    room.fire(*devices(10))
    assert room.told(FIRING) == []
    room.wait(3_600)
    assert len(room.told(FIRING)) == 3
    assert Counter(alert.quiet for alert in room.all()) == {None: 3, Quiet.GROUPED: 7}
    assert room.desk.told(room.of("kiosk-00009").id).history[-1].outcome is Outcome.GROUPED
    (group,) = groups(room)
    assert (group.held, group.told) == (7, 3)


def test_who_has_a_group_in_hand_has_all_of_it_until_it_becomes_worse(room: Room) -> None:
    room.fire(*devices(5))
    (group,) = groups(room)
    with pytest.raises(Outdated):
        acknowledge(room, group.id, seen=group.revision + 1)
    mine = acknowledge(room, group.id, seen=group.revision)
    assert (mine.acknowledged_by, mine.acknowledged, mine.note) == ("Siti", room.clock.now(), "kami lihat")
    assert {alert.acknowledged_by for alert in room.all()} == {"Siti"}
    assert acknowledge(room, group.id) == mine
    room.fire("kiosk-x")
    assert room.alerts.groups.get(group.id).acknowledged_by == "Siti"
    room.fire("kiosk-y", severity=Severity.EXTREME)
    worse = room.alerts.groups.get(group.id)
    assert (worse.acknowledged, worse.acknowledged_by) == (None, "")


def test_a_group_of_many_is_acknowledged_a_few_at_a_time(small: Room) -> None:
    small.fire(*devices(1_100))
    (group,) = groups(small)
    acknowledge(small, group.id)
    small.wait()
    assert {alert.acknowledged_by for alert in small.all()} == {"Siti"}


def test_the_first_grouping_that_matches_counts(small: Room) -> None:
    small.fire("wifi-1", labels={"device": "wifi-1", "kind": "wifi"})
    small.fire("wifi-2", labels={"device": "wifi-2", "kind": "wifi"}, rule="slow")
    small.fire("kiosk-1")
    assert sorted((one.grouping, one.count) for one in groups(small)) == [("site", 1), ("wifi", 2)]
    small.clear("kiosk-1")
    assert [one.grouping for one in groups(small, State.CLOSED)] == ["site"]


def test_pages_of_groups_follow_each_other(small: Room) -> None:
    for number, severity in enumerate([Severity.MINOR, Severity.EXTREME, Severity.MINOR, Severity.SEVERE]):
        small.fire(f"kiosk-{number}", site=f"site-{number}", severity=severity)
    whole = groups(small)
    assert [one.site for one in whole] == ["site-1", "site-3", "site-2", "site-0"]
    first = small.alerts.groups.page(Which(), limit=2)
    rest = small.alerts.groups.page(Which(), after=(1, first[-1].id))
    assert [*first, *rest] == whole
