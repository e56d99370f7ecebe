"""What else was out of the ordinary when an alert was raised, the most unusual first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Final

import msgspec

from contracts.instants import HOUR, MINUTE, WEEK, floor
from contracts.series import Buckets, Reader, Selector, Series, Statistic

MOST: Final = 8  # that are named
UNUSUAL: Final = 3.0  # robust deviations from which on a series is named
GREATEST: Final = 99.0  # deviations that are told; a series that never moved has no scale of its own
_LEAST_HOURS: Final = 6  # known of a series before anything is said of it
_NORMAL: Final = 1.4826  # median absolute deviation → standard deviation of a normal distribution
_FINE: Final = 1e-3  # of its size: smaller moves of a steady series are noise


class Contributor(msgspec.Struct, frozen=True, kw_only=True):
    """One series that moved with it."""

    series: Series
    value: float  # mean over the window
    usual: float  # median of the hours of the week before
    deviation: float  # of the value from the usual, in robust deviations; negative: below


def ranked(reader: Reader, select: Selector, start: int, end: int) -> list[Contributor]:
    """The selected series that moved in a window (µs UTC), the most unusual first. Blocks.

    Raises the store's errors.
    """
    since = floor(start, HOUR)
    known = reader.aggregate(select, since - WEEK, since, step=HOUR, statistic=Statistic.MEAN)
    first = floor(start, MINUTE)
    now = reader.aggregate(select, first, max(end, first + MINUTE), step=MINUTE, statistic=Statistic.MEAN)
    return rank(_columns(now), _columns(known))


def rank(now: Mapping[Series, Sequence[float]], known: Mapping[Series, Sequence[float]]) -> list[Contributor]:
    """Values of each series within the window against those before it."""
    found = [
        one
        for series, values in now.items()
        if values and len(known.get(series, ())) >= _LEAST_HOURS
        for one in (_against(series, fmean(values), known[series]),)
        if abs(one.deviation) >= UNUSUAL
    ]
    return sorted(found, key=_order)[:MOST]


def _against(series: Series, value: float, known: Sequence[float]) -> Contributor:
    usual = median(known)
    spread = _NORMAL * median(abs(one - usual) for one in known)
    scale = max(spread, _FINE * abs(usual))
    apart = value - usual
    deviation = apart / scale if scale else (GREATEST if apart > 0 else -GREATEST) * bool(apart)
    return Contributor(
        series=series, value=value, usual=usual, deviation=max(-GREATEST, min(GREATEST, deviation))
    )


def _order(one: Contributor) -> tuple[float, str, str, str]:
    return -abs(one.deviation), one.series.device, one.series.metric, one.series.instance


def _columns(buckets: Sequence[Buckets]) -> dict[Series, Sequence[float]]:
    return {one.series: one.values for one in buckets}
