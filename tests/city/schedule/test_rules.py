"""When repeated clocks come again."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.schedule import At, Every
from city.schedule.rules import following
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, MINUTE, SECOND, from_datetime, to_datetime
from tests.city.schedule.bench import CALENDARS

JAKARTA = ZoneInfo("Asia/Jakarta")


def at(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=JAKARTA))


moments = st.integers(at("2025-01-01T00:00"), at("2027-06-30T00:00"))
rules = st.one_of(
    st.builds(Every, span=st.integers(SECOND, 40 * DAY)),
    st.builds(
        At,
        times=st.lists(st.sampled_from(["00:00", "07:30", "12:00", "23:59"]), min_size=1, max_size=3).map(
            tuple
        ),
        weekdays=st.sets(st.integers(0, 6), max_size=3).map(tuple),
        days=st.sampled_from([(), (1,), (15, -1), (28,)]),
        working=st.booleans(),
    ),
)


@pytest.mark.parametrize(
    "rule, now, next_",
    [
        (At(times=("02:00",)), "2026-11-24T01:59", "2026-11-24T02:00"),
        (At(times=("02:00",)), "2026-11-24T02:00", "2026-11-25T02:00"),
        (At(times=("13:00", "07:30")), "2026-11-24T07:30", "2026-11-24T13:00"),
        (At(times=("07:30",), weekdays=(0, 3)), "2026-11-24T12:00", "2026-11-26T07:30"),
        (At(times=("07:30",), days=(1,)), "2026-11-24T12:00", "2026-12-01T07:30"),
        (At(times=("23:59",), days=(-1,)), "2027-02-01T00:00", "2027-02-28T23:59"),
        (At(times=("07:30",), working=True), "2026-12-23T12:00", "2026-12-28T07:30"),
        (At(times=("00:00",), days=(29,), weekdays=(1,)), "2026-12-01T00:00", "2026-12-29T00:00"),
    ],
)
def test_local_times(rule: At, now: str, next_: str) -> None:
    assert following(rule, due=at("2020-01-01T00:00"), now=at(now), calendars=CALENDARS) == at(next_)


def test_a_span_counts_from_when_it_was_due() -> None:
    due = at("2026-11-24T10:00")
    rule = Every(span=15 * MINUTE)
    assert following(rule, due=due, now=due + 3 * SECOND, calendars=CALENDARS) == due + 15 * MINUTE
    assert following(rule, due=due, now=due + 5 * HOUR, calendars=CALENDARS) == due + 5 * HOUR + 15 * MINUTE
    assert following(rule, due=due, now=due - DAY, calendars=CALENDARS) == due + 15 * MINUTE


def test_a_rule_that_never_holds_is_told() -> None:
    never = At(times=("00:00",), days=(31,), weekdays=(), working=False)
    assert following(never, due=0, now=at("2026-11-24T10:00"), calendars=CALENDARS)
    with pytest.raises(Refused, match="next five years"):
        following(
            At(times=("00:00",), working=True, weekdays=(6,)),
            due=0,
            now=at("2026-11-24T10:00"),
            calendars=CALENDARS,
        )


@given(rule=rules, due=moments, now=moments)
def test_the_next_time_is_the_first_one_ahead(rule: Every | At, due: int, now: int) -> None:
    try:
        found = following(rule, due=due, now=now, calendars=CALENDARS)
    except Refused:
        assert isinstance(rule, At)
        assert rule.working, "Saturdays and Sundays that are working days never come"
        return
    assert found > max(due, now)
    if isinstance(rule, Every):
        assert (found - due) % rule.span == 0
        assert found - max(due, now) <= rule.span
        return
    assert to_datetime(found).astimezone(JAKARTA).strftime("%H:%M") in rule.times
    # Whatever is asked on the way there has the same answer: nothing between was passed over.
    between = (max(due, now) + found - 1) // 2
    if between >= max(due, now):
        assert following(rule, due=between, now=between, calendars=CALENDARS) == found
