"""What is concluded of devices and sites, by hand and over random lives."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.instants import MINUTE, SECOND
from contracts.judgements import Verdict
from contracts.presence import Reason, State
from contracts.roster import Window
from contracts.topics import Kind
from devices.presence.fleet import Why
from tests.devices.presence.stage import START, City, briefly, entry, said


def test_a_device_comes_goes_and_comes_back() -> None:
    city = City(entry(1))
    city.pass_(600)
    assert city.state("kiosk-1") == (State.NEVER, Reason.NONE)
    city.join("kiosk-1")
    assert city.pass_(60) == []
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)
    city.lose("kiosk-1")
    assert briefly(city.pass_(60)) == [("raised", "offline", "kiosk-1")]
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.LOST)
    city.join("kiosk-1", connection=2)
    assert city.pass_(50) == []
    assert briefly(city.pass_(30)) == [("cleared", "back", "kiosk-1")]


def test_a_short_loss_is_nobodys_business() -> None:
    city = City(entry(1))
    city.join("kiosk-1")
    city.pass_(60)
    city.lose("kiosk-1")
    city.pass_(20)
    city.join("kiosk-1", connection=2)
    assert city.pass_(300) == []


def test_a_goodbye_is_given_more_time_than_a_loss() -> None:
    city = City(entry(1))
    city.join("kiosk-1")
    city.pass_(60)
    city.lose("kiosk-1", reason="stopped")
    assert city.pass_(590) == []
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.STOPPED)
    assert briefly(city.pass_(20)) == [("raised", "offline", "kiosk-1")]


@pytest.mark.parametrize("epoch,connection", [(1, 1), (1, 2), (0, 9)])
def test_a_late_will_does_not_undo_a_reconnection(epoch: int, connection: int) -> None:
    city = City(entry(1))
    city.join("kiosk-1", epoch=1, connection=3)
    city.pass_(10)
    city.fleet.status("kiosk-1", said("offline", epoch, connection, "lost"), city.now)
    city.pass_(5)
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)
    assert city.fleet.stale == 1


def test_a_will_is_believed_until_the_device_measures_again() -> None:
    city = City(entry(1))
    city.join("kiosk-1", connection=0)  # of a maker who counts no connections
    city.pass_(60)
    city.fleet.status("kiosk-1", said("offline", 1, 0, "lost"), city.now)
    city.fleet.data("kiosk-1", city.now - SECOND, city.now + SECOND)  # was on its way
    city.fleet.tick(city.now + SECOND, deaf=False)
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.LOST)
    city.pass_(20)  # it is there all the while
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)


def test_silence_makes_late_and_then_offline() -> None:
    city = City(entry(1), entry(2, kind=Kind.SENSOR))
    city.join("kiosk-1", "sensor-2")
    city.pass_(60)
    city.live.clear()
    city.pass_(85)
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)
    city.pass_(10)
    assert city.state("kiosk-1") == (State.LATE, Reason.SILENT)
    assert briefly(city.pass_(240)) == [("raised", "offline", "kiosk-1")]
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.SILENT)
    assert city.state("sensor-2") == (State.ONLINE, Reason.NONE)  # it speaks each hour


def test_old_samples_are_late_not_lost() -> None:
    city = City(entry(1))
    city.join("kiosk-1")
    for _ in range(60):
        city.now += 10 * SECOND
        city.fleet.data("kiosk-1", START - 60 * MINUTE, city.now)
        city.fleet.tick(city.now, deaf=False)
    assert city.state("kiosk-1") == (State.LATE, Reason.BACKLOG)


def test_nothing_is_concluded_from_a_silence_that_is_ours() -> None:
    city = City(entry(1), entry(2))
    city.join("kiosk-1", "kiosk-2")
    city.pass_(60)
    assert city.pass_(3_600, deaf=True, step=30) == []
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)
    city.live = {"kiosk-2"}
    city.pass_(60)  # it has as long to speak again as after any other word
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)
    assert briefly(city.pass_(300)) == [("raised", "offline", "kiosk-1")]


def test_a_will_counts_although_ingest_is_away() -> None:
    city = City(entry(1))
    city.join("kiosk-1")
    city.pass_(60)
    city.lose("kiosk-1")
    city.pass_(40, deaf=True)
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.LOST)
    city.join("kiosk-1", connection=2)
    city.pass_(5, deaf=True)
    assert city.state("kiosk-1") == (State.ONLINE, Reason.NONE)


def test_a_device_that_comes_and_goes_is_one_trouble() -> None:
    city = City(entry(1))
    city.join("kiosk-1")
    city.pass_(60)
    for connection in range(1, 30):
        city.lose("kiosk-1", connection=connection)
        city.pass_(10)
        city.join("kiosk-1", connection=connection + 1)
        city.pass_(20)
    assert briefly(city.found) == [("raised", "flapping", "kiosk-1")]
    assert briefly(city.pass_(1_200)) == [("cleared", "back", "kiosk-1")]


def test_ten_thousand_at_once_are_one_site() -> None:
    city = City(*(entry(number) for number in range(10_000)))
    names = [one.device for one in city.entries]
    city.join(*names)
    city.pass_(10)
    city.lose(*names)
    assert briefly(city.pass_(600, step=60)) == [("raised", "site", "bima")]
    city.join(*names[:9_900], connection=2)
    found = city.pass_(300, step=30)
    assert briefly(found)[0] == ("cleared", "back", "bima")
    assert Counter(one.why for one in found) == {Why.BACK: 1, Why.OFFLINE: 100}  # whoever stayed away


def test_first_losses_of_an_outage_become_part_of_it() -> None:
    city = City(*(entry(number) for number in range(10)))
    names = [one.device for one in city.entries]
    city.join(*names)
    city.pass_(30)
    city.lose(*names[:4])
    assert len(city.pass_(60)) == 4
    city.lose(*names[4:])  # the broker notices them later
    found = city.pass_(60)
    assert Counter((one.verdict, one.why) for one in found) == {
        (Verdict.RAISED, Why.SITE): 1,
        (Verdict.CLEARED, Why.SWALLOWED): 4,
    }


def test_other_sites_and_few_devices_are_told_of_one_by_one() -> None:
    city = City(*(entry(number, site=f"site-{number % 3}") for number in range(6)))
    names = [one.device for one in city.entries]
    city.join(*names)
    city.pass_(30)
    city.lose(*names)
    assert {one.why for one in city.pass_(120)} == {Why.OFFLINE}  # two devices are no site


def test_planned_work_is_nobodys_business() -> None:
    work = Window(start=START + MINUTE, end=START + 60 * MINUTE, reason="ganti kabel")
    city = City(entry(1, maintenance=(work,)))
    city.join("kiosk-1")
    city.pass_(90)
    city.lose("kiosk-1")
    assert city.pass_(1_800) == []
    assert city.state("kiosk-1") == (State.OFFLINE, Reason.LOST)
    assert briefly(city.pass_(3_600, step=30)) == [
        ("raised", "offline", "kiosk-1")
    ]  # it is over, and still away


def test_what_leaves_the_roster_is_cleared_and_forgotten() -> None:
    city = City(entry(1), entry(2))
    city.join("kiosk-1", "kiosk-2")
    city.pass_(30)
    city.lose("kiosk-1", "kiosk-2")
    city.pass_(60)
    moved = entry(2, site="other")
    found = city.fleet.know([moved], city.now)
    assert sorted(briefly(found)) == [("cleared", "gone", "kiosk-1"), ("cleared", "gone", "kiosk-2")]
    assert set(city.fleet.tracks) == {"kiosk-2"}
    (again,) = city.pass_(60)
    assert (again.site, again.device) == ("other", "kiosk-2")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=12))
def test_the_newest_word_decides_in_any_order(words: list[tuple[int, int, bool]]) -> None:
    city = City(entry(1))
    for epoch, connection, online in words:
        before = city.fleet.tracks["kiosk-1"]
        place = (before.epoch, before.connection)
        word = before.said
        city.fleet.status("kiosk-1", said("online" if online else "offline", epoch, connection), city.now)
        if not online and (epoch, connection) < place:
            assert before.said == word
