"""What is desired has versions, a history and one writer at a time; what differs says since when and why."""

import threading

import pytest
from sqlalchemy import select

from city.audit import Filters
from city.audit import page as trail
from city.errors import Outdated
from city.identity.caller import SYSTEM
from city.outbox.tables import outbox
from contracts.errors import Refused
from devices.errors import Forbidden, Unknown
from devices.roles import READ
from devices.shadow.errors import NoVersion
from devices.shadow.model import HEALED
from devices.shadow.roles import WRITE
from tests.devices.conftest import engineer
from tests.devices.shadow.conftest import Den


def types(den: Den) -> list[str]:
    with den.db.read() as tx:
        return list(tx.execute(select(outbox.c.type).order_by(outbox.c.id)).scalars())


def test_a_change_is_a_version_with_history_event_and_note(den: Den) -> None:
    first = den.wish(volume=20, period=5)
    den.clock.advance(60)
    second = den.wish(volume=30, seen=1)
    assert (first.version, second.version, second.values) == (1, 2, {"volume": 30, "period": 5.0})
    assert second.since["period"] < second.since["volume"]
    assert [one.version for one in den.service.history(SYSTEM, "k1")] == [2, 1]
    (changed,) = den.service.diff(SYSTEM, "k1", 1, 2)
    assert (changed.key, changed.before, changed.after) == ("volume", 20, 30)
    with den.db.read() as tx:
        noted = trail(tx, Filters(record="k1"))
    assert [one.fields for one in noted] == [("volume",), ("period", "volume")]
    assert types(den) == ["shadow.changed", "shadow.changed"]


def test_null_takes_a_key_away_and_the_same_again_is_no_version(den: Den) -> None:
    den.wish(volume=20, period=5)
    assert den.wish(volume=None).values == {"period": 5.0}
    assert den.wish(period=5).version == 2


def test_who_has_seen_an_older_version_is_told(den: Den) -> None:
    den.wish(volume=20)
    with pytest.raises(Outdated):
        den.wish(volume=30, seen=0)


def test_of_two_at_once_one_wins(den: Den) -> None:
    den.wish(volume=1)
    outcomes: list[str] = []

    def work(volume: int) -> None:
        try:
            den.wish(volume=volume, seen=1)
            outcomes.append("changed")
        except Outdated:
            outcomes.append("outdated")

    threads = [threading.Thread(target=work, args=(number,)) for number in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed", "outdated"]


def test_what_the_kind_does_not_have_and_who_may_not_are_refused(den: Den) -> None:
    with pytest.raises(Refused):
        den.wish("w1", volume=20)
    with pytest.raises(Refused):
        den.wish("k1", volume=200)
    with pytest.raises(Unknown):
        den.wish("ghost", period=5)
    with pytest.raises(Forbidden), den.db.begin() as tx:
        den.service.change(tx, engineer("unit-1", WRITE), "k1", {"volume": 1}, why="x", seen=None)
    with pytest.raises(Refused), den.db.begin() as tx:
        den.service.change(tx, SYSTEM, "k1", {"volume": 1}, why="", seen=None)


def test_the_difference_ages_until_the_device_is_so(den: Den) -> None:
    den.wish(volume=20, brightness=50)
    den.clock.advance(90)
    assert [(one.key, one.reason, one.age) for one in den.get().differences] == [
        ("brightness", "unseen", 90_000_000),
        ("volume", "unseen", 90_000_000),
    ]
    den.report(version=1, volume=20, refused={"brightness": "no backlight"})
    (left,) = den.get().differences
    assert (left.reason, left.why) == ("refused", "no backlight")
    assert not den.get().settled
    den.wish(brightness=None)
    assert not den.get().settled  # it has not dealt with that version
    den.report(version=2, volume=20)
    assert den.get().settled
    assert [one.device for one in den.service.page(SYSTEM, settled=True)] == ["k1"]
    assert den.service.page(engineer("unit-1", READ)) == []


def test_a_report_of_an_earlier_start_changes_nothing(den: Den) -> None:
    den.wish(volume=20)
    den.report(version=1, epoch=5, volume=20)
    den.report(version=0, epoch=4, volume=50)
    assert den.get().settled


def test_a_device_that_knows_more_than_the_desk_makes_the_next_version(den: Den) -> None:
    den.wish(volume=20)
    den.report(version=7, volume=80)
    told = den.get()
    assert (told.version, told.values, told.why) == (8, {"volume": 20}, HEALED)
    den.report(version=2**31 - 2, volume=80)
    assert den.get().version == 8


def test_an_earlier_version_can_be_desired_again(den: Den) -> None:
    den.wish(volume=20)
    den.wish(volume=90, period=2)
    with den.db.begin() as tx:
        told = den.service.restore(tx, SYSTEM, "k1", 1, why="too loud", seen=2)
    assert (told.version, told.values) == (3, {"volume": 20})
    with den.db.begin() as tx, pytest.raises(NoVersion):
        den.service.restore(tx, SYSTEM, "k1", 99, why="x", seen=None)
