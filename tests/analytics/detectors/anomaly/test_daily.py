from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.detectors.anomaly.daily import Daily
from analytics.detectors.anomaly.days import kind
from contracts.instants import DAY, HOUR, MINUTE


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta")).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "when, expected",
    [
        ("2024-04-30T12:00", 0),  # a Tuesday
        ("2024-05-01T00:00", 1),  # Hari Buruh, from midnight in Jakarta on
        ("2024-05-01T23:59", 1),
        ("2024-05-04T12:00", 1),  # a Saturday
        ("2024-03-20T12:00", 2),  # in Ramadan
        ("2024-03-23T12:00", 3),  # a Saturday in Ramadan
        ("2024-04-10T12:00", 1),  # Idul Fitri
    ],
)
def test_kinds_of_days(when: str, expected: int) -> None:
    assert kind(at(when)) == expected


def test_a_holiday_is_measured_against_free_days() -> None:
    found: dict[bool, float | None] = {}
    for calendar in (True, False):
        daily = Daily(calendar=calendar)
        start = at("2024-08-05T00:00")  # a Monday, six weeks before a holiday that is one
        for number in range(42 * 24 + 12):
            time = start + number * HOUR
            found[calendar] = daily.take(time, 10.0 if kind(time) else 90.0)
    assert found[True] == pytest.approx(0.0, abs=1.0)
    assert (found[False] or 0.0) < -30.0


def test_an_event_moves_the_usual_little_and_a_level_that_stays_moves_it_all() -> None:
    daily = Daily(calendar=False)
    for number in range(288 * 10):
        daily.take(number * 5 * MINUTE, 10.0 + number % 3)
    usual = daily.usual[0]
    daily.take(10 * DAY, 1_000.0)
    assert abs(daily.usual[0] - usual) < 25.0
    for number in range(1, 288 * 10):
        daily.take(10 * DAY + number * 5 * MINUTE, 1_000.0)
    assert daily.usual[0] == pytest.approx(1_000.0, abs=20.0)
