"""Quiet hours, also across midnight."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.notifications import quiet
from contracts.errors import Refused
from contracts.instants import DAY, MINUTE, to_datetime
from tests.city.notifications.office import JAKARTA, at

UTC = ZoneInfo("UTC")
times = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]:02}:{t[1]:02}")


@pytest.mark.parametrize(
    "now, hours, goes",
    [
        (at(20, 59), "21:00-06:00", at(20, 59)),
        (at(21, 0), "21:00-06:00", at(6, 0, day=1)),
        (at(2, 30), "21:00-06:00", at(6, 0)),
        (at(6, 0), "21:00-06:00", at(6, 0)),
        (at(12, 30), "12:00-13:00", at(13, 0)),
        (at(13, 0), "12:00-13:00", at(13, 0)),
        (at(3, 0), "", at(3, 0)),
    ],
)
def test_until(now: int, hours: str, goes: int) -> None:
    assert quiet.until(now, hours, JAKARTA) == goes


@pytest.mark.parametrize("wrong", ["21-6", "21:00", "24:00-06:00", "06:00-06:00", "21:00-06:00 "])
def test_others_are_refused(wrong: str) -> None:
    with pytest.raises(Refused):
        quiet.check(wrong)


@given(now=st.integers(0, 4_000_000_000_000_000), begin=times, end=times)
def test_nothing_goes_in_quiet_hours_and_nothing_waits_a_day(now: int, begin: str, end: str) -> None:
    if begin == end:
        return
    hours = f"{begin}-{end}"
    goes = quiet.until(now, hours, UTC)
    assert now <= goes < now + DAY
    assert quiet.until(goes, hours, UTC) == goes
    if goes > now:
        assert to_datetime(goes).strftime("%H:%M") == end
        assert quiet.until(goes - MINUTE // 60, hours, UTC) == goes, "it was quiet until the last second"
