"""Which weeks of the source are replayed: the newest whose last day holds an hour that the rule finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from analytics.detectors.hour_of_week import Baseline, classify
from contracts.instants import DAY, HOUR, WEEK
from contracts.rules import HourOfWeek
from simulator.footfall import Counts

HISTORY: Final = 4 * WEEK
AHEAD: Final = 2 * DAY  # of data after now, so that the demo goes on when it is left running
MOST: Final = 4  # points that may stand out: a demo, not a disaster
_MARGIN: Final = 2 * HOUR  # the rule judges what is younger than 26 hours; a day and this is played


def weeks(hours: Mapping[int, Counts], now: int, test: HourOfWeek) -> int:
    """By how many whole weeks the source is moved. Raises LookupError where no day fits."""
    newest = max(hours)
    shift = -(-(now + AHEAD - newest) // WEEK)
    while now - shift * WEEK - HISTORY - DAY > min(hours):
        if 1 <= len(unusual(hours, now - shift * WEEK, test)) <= MOST:
            return shift
        shift += 1
    raise LookupError("no day of the source holds what the rule would find")


def unusual(hours: Mapping[int, Counts], now: int, test: HourOfWeek) -> set[str]:
    """Devices of which the rule would find an hour in the day before an instant of the source's time."""
    horizon = now - DAY - _MARGIN
    learnt = {time: counts for time, counts in hours.items() if horizon - HISTORY <= time < horizon}
    played = {time: counts for time, counts in hours.items() if now - DAY < time <= now}
    devices = sorted({device for counts in played.values() for device in counts})
    baseline = Baseline(len(devices))
    found: set[str] = set()
    for row, device in enumerate(devices):
        times, values = _columns(learnt, device)
        baseline.learn(row, times, values)
        times, values = _columns(played, device)
        rows = np.full(len(times), row)
        if (classify(values, baseline.expect(rows, times, test), test) > 0).any():
            found.add(device)
    return found


def _columns(hours: Mapping[int, Counts], device: str) -> tuple[np.ndarray, np.ndarray]:
    there = [(time, counts[device]) for time, counts in hours.items() if device in counts]
    return np.array([time for time, _ in there], np.int64), np.array(
        [value for _, value in there], np.float64
    )
