"""When rules judge: hours in Jakarta, holidays, Ramadan, prayers."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import prayer, rules
from analytics.calendar import Calendar
from analytics.evaluate import Evaluator
from contracts.judgements import Verdict
from contracts.rules import Absence, Active, Day, Takes, Threshold, Tumbling
from runtime.yamldoc import Wrong
from tests.analytics.conftest import Kit

WIB = timezone(timedelta(hours=7))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=WIB).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "active,inside,outside",
    [
        (Active(hours=("07:00-21:30",)), ["2026-06-01 07:00", "2026-06-01 21:29"], ["2026-06-01 21:30"]),
        (Active(hours=("22:00-02:00",)), ["2026-06-01 23:00", "2026-06-02 01:59"], ["2026-06-02 02:00"]),
        (Active(days=(Day.FRIDAY,)), ["2026-06-05 00:00", "2026-06-05 23:59"], ["2026-06-06 00:00"]),
        (
            Active(days=(Day.FRIDAY,), hours=("22:00-02:00",)),  # Friday night lasts into Saturday
            ["2026-06-06 01:00"],
            ["2026-06-05 01:00"],
        ),
        (Active(holidays=Takes.EXCEPT), ["2026-08-18 12:00"], ["2026-08-17 12:00"]),
        (Active(holidays=Takes.ONLY), ["2026-08-17 12:00"], ["2026-08-18 12:00"]),
        (Active(ramadan=Takes.ONLY), ["2026-03-01 12:00"], ["2026-05-01 12:00"]),
        (Active(ramadan=Takes.EXCEPT), ["2026-05-01 12:00"], ["2026-03-01 12:00"]),
        (Active(prayers=Takes.EXCEPT), ["2026-06-01 10:00"], ["2026-06-01 12:00", "2026-06-01 17:50"]),
        (Active(prayers=Takes.ONLY), ["2026-06-01 12:00"], ["2026-06-01 10:00"]),
    ],
)
def test_when_it_is_active(active: Active, inside: Sequence[str], outside: Sequence[str]) -> None:
    calendar = Calendar(active)
    assert [calendar.at(at(one)) for one in inside] == [True] * len(inside)
    assert [calendar.at(at(one)) for one in outside] == [False] * len(outside)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 400 * 86_400), min_size=1, max_size=30))
def test_all_at_once_is_as_one_by_one(seconds: list[int]) -> None:
    calendar = Calendar(
        Active(days=(Day.MONDAY, Day.SUNDAY), hours=("20:00-03:00", "12:00-13:00"), prayers=Takes.EXCEPT)
    )
    times = np.array([at("2026-01-01 00:00") + one * 1_000_000 for one in seconds], np.int64)
    assert calendar.mask(times).tolist() == [calendar.at(int(one)) for one in times]


def test_times_of_prayer_are_in_order_and_move_little() -> None:
    before = None
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        called = prayer.times(day)
        assert sorted(called) == list(called)
        minutes = [(one // 60_000_000 + 7 * 60) % 1440 for one in called]
        assert 235 <= minutes[0] <= 285  # 03:55 to 04:45, so near the equator
        assert 690 <= minutes[1] <= 725
        if before is not None:
            assert max(abs(a - b) for a, b in zip(minutes, before, strict=True)) <= 1
        before = minutes


def test_a_rule_rests_and_takes_up_again(kit: Kit) -> None:
    # the kit's now is 07:00 in Jakarta
    rule = msgspec.structs.replace(
        kit.rule(Threshold(limit=80.0), "temperature"), active=Active(hours=("07:00-07:10",))
    )
    rows = [(kit.series(), at, 99.0) for at in (-60.0, 0.0, 599.0, 600.0, 700.0)]
    raised, updated, cleared = Evaluator([rule]).take(kit.samples(rows), kit.scene(800))
    assert [raised.verdict, updated.verdict, cleared.verdict] == ["raised", "updated", "cleared"]
    assert [(one.time - kit.now) // 1_000_000 for one in (raised, cleared)] == [0, 600]
    assert cleared.evidence.why.id == "Di luar waktu berlaku aturan"


def test_a_window_belongs_to_the_time_it_ends_in(kit: Kit) -> None:
    rule = msgspec.structs.replace(
        kit.rule(Threshold(limit=80.0), "temperature"),
        window=Tumbling(size=300.0),
        active=Active(hours=("07:00-07:10",)),
    )
    rows = [(kit.series(), float(at), 99.0) for at in range(0, 1000, 50)]
    found = Evaluator([rule]).take(kit.samples(rows), kit.scene(1000))
    assert [
        ((one.time - kit.now) // 1_000_000, one.verdict) for one in found if one.verdict != "updated"
    ] == [
        (300, Verdict.RAISED),
        (900, Verdict.CLEARED),
    ]


def test_nobody_is_missed_while_the_rule_rests(kit: Kit) -> None:
    rule = msgspec.structs.replace(kit.rule(Absence(silence=30.0)), active=Active(hours=("07:00-07:10",)))
    evaluator = Evaluator([rule])
    evaluator.take(kit.samples([(kit.series(), 590.0, 1.0)]), kit.scene(590))
    assert not evaluator.overdue(kit.scene(625), 0)
    assert evaluator.tick(kit.scene(625), 0) == []


@pytest.mark.parametrize(
    "active,reason",
    [
        ("{ hours: [7-9] }", "no span"),
        ("{ hours: ['07:00-07:00'] }", "no span"),
        ("{ hours: ['25:00-26:00'] }", "no span"),
        ("{ days: [monday] }", "Invalid enum value"),
        ("{ prayers: except, before: -1 }", "0 to 7200"),
        ("{}", "say when"),
        ("{ holidays: often }", "Invalid enum value"),
    ],
)
def test_what_no_calendar_can_mean_is_refused(tmp_path: Path, active: str, reason: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "- id: a\n  title: { id: a, en: a }\n  severity: minor\n  select: { metrics: [temperature] }\n"
        f"  test: {{ type: threshold, limit: 5 }}\n  active: {active}\n"
    )
    with pytest.raises(Wrong) as caught:
        rules.load([path])
    assert reason in caught.value.reason
    assert caught.value.line == 6
