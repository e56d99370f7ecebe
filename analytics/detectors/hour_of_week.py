"""A value far from what this hour of the week usually brings, in Asia/Jakarta.

Of each hour of the week the baseline keeps the median over the weeks before, and the median absolute
deviation of it and the hours beside it, for a few weeks alone say little of spread. One odd week moves
neither.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from analytics.tracks import Classes, Numbers, Rows, Times
from contracts.instants import HOUR
from contracts.rules import HourOfWeek, Side

HOURS: Final = 168
JAKARTA: Final = 7 * HOUR  # Asia/Jakarta is UTC+7 the whole year, since 1964
_MONDAY: Final = 3 * 24  # hours from 1970-01-01, a Thursday, to its week's Monday
_AROUND: Final = (-1, 0, 1)  # hours whose deviations tell the spread
_NORMAL: Final = 1.4826  # median absolute deviation → standard deviation of a normal distribution


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been normal, for each sample; NaN where the history says nothing."""

    middle: Numbers
    low: Numbers
    high: Numbers


def slots(times: Times) -> Rows:
    """Hour of the week of each instant, 0 = Monday 00:00–00:59 in Jakarta."""
    return ((times + JAKARTA) // HOUR + _MONDAY) % HOURS


class Baseline:
    """Median and spread by row and hour of the week."""

    def __init__(self, rows: int) -> None:
        """Nothing known yet of `rows` series."""
        self.count = np.zeros((rows, HOURS), np.int64)
        self.middle = np.full((rows, HOURS), np.nan)
        self.spread = np.full((rows, HOURS), np.nan)

    def learn(self, row: int, times: Times, values: Numbers) -> None:
        """Replace what is known of one series by its history."""
        which = slots(times)
        order = np.argsort(which, kind="stable")
        which, values = which[order], values[order]
        edges = np.searchsorted(which, np.arange(HOURS + 1))
        self.count[row] = np.diff(edges)
        parts = np.split(values, edges[1:-1])
        known = np.flatnonzero(self.count[row])
        for slot in known:
            self.middle[row, slot] = np.median(parts[slot])
        apart = [np.abs(part - middle) for part, middle in zip(parts, self.middle[row], strict=True)]
        for slot in known:
            around = [apart[(slot + step) % HOURS] for step in _AROUND]
            self.spread[row, slot] = _NORMAL * np.median(np.concatenate(around))

    def expect(self, rows: Rows, times: Times, test: HourOfWeek) -> Expected:
        """What each sample is measured against."""
        which = slots(times)
        if not len(self.count):
            nothing = np.full(len(rows), np.nan)
            return Expected(middle=nothing, low=nothing, high=nothing)
        known = rows < len(self.count)
        safe = np.where(known, rows, 0)
        known &= self.count[safe, which] >= test.least_weeks
        middle = np.where(known, self.middle[safe, which], np.nan)
        reach = np.maximum(test.factor * self.spread[safe, which], test.least)
        return Expected(middle=middle, low=middle - reach, high=middle + reach)


def classify(values: Numbers, expected: Expected, test: HourOfWeek) -> Classes:
    """Class of each value; 0 where nothing is expected."""
    above, below = values > expected.high, values < expected.low
    wrong = {Side.ABOVE: above, Side.BELOW: below, Side.BOTH: above | below}[test.side]
    known = ~np.isnan(expected.middle)
    return (wrong & known).astype(np.int8) - (~wrong & known).astype(np.int8)
