"""The source's oddities, once and for all."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contracts.instants import HOUR, from_datetime
from simulator import footfall

ZONE = ZoneInfo("Asia/Jakarta")


def test_hours_lie_where_their_day_says() -> None:
    hours = footfall.load()
    first = hours[from_datetime(datetime(2019, 1, 1, 7, tzinfo=ZONE))]
    assert first["footfall-01"] == 4.0  # row 2019-01-01, 6:00-6:59: known at 07:00
    assert "footfall-05" not in first  # a point that was added in 2022
    last = hours[max(hours)]
    assert max(hours) == from_datetime(datetime(2026, 1, 1, 6, tzinfo=ZONE))  # 2025-12-31, 5:00-5:59
    assert last["footfall-21"] == 33.0


def test_hours_are_whole_in_order_and_none_comes_twice() -> None:
    times = list(footfall.load())
    assert times == sorted(set(times))
    assert all(time % HOUR == 0 for time in times)
    assert len(times) > 61_000


def test_rush_hour_is_by_day_not_by_night() -> None:
    """A day that began at the wrong hour would turn this round."""
    hours = footfall.load()
    noon = [counts["footfall-08"] for time, counts in hours.items() if _local(time) == 13]
    night = [counts["footfall-08"] for time, counts in hours.items() if _local(time) == 4]
    assert sum(noon) > 10 * sum(night)


def _local(time: int) -> int:
    return datetime.fromtimestamp(time / 1e6, UTC).astimezone(ZONE).hour
