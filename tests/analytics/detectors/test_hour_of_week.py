from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.hour_of_week import Baseline, classify, slots
from contracts.instants import HOUR, WEEK, to_datetime
from contracts.rules import HourOfWeek, Side

MONDAY = 1_764_522_000_000_000  # 2025-12-01T00:00 in Jakarta
ZERO = np.zeros(1, np.intp)


@given(st.integers(0, 4_102_444_800_000_000))
def test_slots_are_hours_of_the_week_in_jakarta(time: int) -> None:
    local = to_datetime(time).astimezone(ZoneInfo("Asia/Jakarta"))
    if local.utcoffset() == datetime(2025, 1, 1, tzinfo=ZoneInfo("Asia/Jakarta")).utcoffset():
        assert slots(np.array([time])).tolist() == [local.weekday() * 24 + local.hour]


def learnt(*weeks: float) -> Baseline:
    """Monday 00:00 had these values in the weeks before; its neighbours had none."""
    baseline = Baseline(1)
    times = [MONDAY - (number + 1) * WEEK for number in range(len(weeks))]
    baseline.learn(0, np.array(times), np.array(weeks))
    return baseline


def test_median_and_spread_by_hand() -> None:
    baseline = learnt(10, 12, 14, 100)
    assert baseline.middle[0, 0] == 13
    assert baseline.spread[0, 0] == pytest.approx(1.4826 * 2)  # deviations 3 1 1 87: median 2
    assert baseline.count[0].tolist() == [4] + [0] * 167


def test_neighbouring_hours_tell_the_spread_too() -> None:
    baseline = Baseline(1)
    hours = [0, HOUR, -HOUR]
    times = [MONDAY + hour - week * WEEK for hour in hours for week in (1, 2, 3)]
    baseline.learn(0, np.array(times), np.array([10.0, 10, 10, 20, 26, 32, 5, 5, 13]))
    # deviations: 0 0 0 | 6 0 6 | 0 0 8: median 0 for all nine
    assert baseline.middle[0, [0, 1, 167]].tolist() == [10, 26, 5]
    assert baseline.spread[0, 0] == 0
    # of 01:00 and its neighbours (02:00 has none): 0 0 0 6 0 6: median 0; of 23:00: 0 0 8 0 0 0
    assert baseline.spread[0, 1] == 0
    assert baseline.spread[0, 167] == 0


@pytest.mark.parametrize(
    "side,expected",
    [(Side.ABOVE, [-1, -1, -1, 1]), (Side.BELOW, [1, -1, -1, -1]), (Side.BOTH, [1, -1, -1, 1])],
)
def test_classes_by_hand(side: Side, expected: list[int]) -> None:
    test = HourOfWeek(side=side, factor=2, least=1, least_weeks=2)
    values = np.array([7.0, 7.1, 18.9, 19.0])  # 13 ± 2 x 1.4826 x 2 = 7.07 … 18.93
    baseline = learnt(10, 12, 14, 100)
    expected_values = baseline.expect(np.zeros(4, np.intp), np.full(4, MONDAY), test)
    assert classify(values, expected_values, test).tolist() == expected


def test_the_least_difference_counts_where_the_spread_is_small() -> None:
    test = HourOfWeek(factor=2, least=50, least_weeks=2)
    expected = learnt(10, 10, 10).expect(ZERO, np.array([MONDAY]), test)
    assert (expected.low[0], expected.middle[0], expected.high[0]) == (-40, 10, 60)


@pytest.mark.parametrize("time", [MONDAY + HOUR, MONDAY + 24 * HOUR])
def test_an_hour_without_history_has_no_verdict(time: int) -> None:
    test = HourOfWeek()
    expected = learnt(10, 12, 14).expect(ZERO, np.array([time]), test)
    assert classify(np.array([1e6]), expected, test).tolist() == [0]


def test_too_few_weeks_or_no_baseline_at_all_have_no_verdict() -> None:
    test = HourOfWeek(least_weeks=3)
    for baseline in (learnt(10, 12), Baseline(0)):
        expected = baseline.expect(ZERO, np.array([MONDAY]), test)
        assert classify(np.array([1e6]), expected, test).tolist() == [0]


def test_a_series_newer_than_the_baseline_has_no_verdict() -> None:
    expected = learnt(10, 12, 14).expect(np.array([0, 1]), np.full(2, MONDAY), HourOfWeek())
    assert np.isnan(expected.middle).tolist() == [False, True]
