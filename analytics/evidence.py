"""Why a rule says what it says of a series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics import kinds, wording
from analytics.tracks import Numbers
from contracts import measurements
from contracts.judgements import Evidence, Text, Verdict
from contracts.rules import Rule
from contracts.series import Series

Usual = tuple[float | None, float | None, float | None]  # low, middle, high of what was expected


def of(
    rule: Rule,
    series: Series,
    verdict: Verdict,
    span: tuple[int, int],
    value: float,
    expected: Usual,
    *,
    windowed: bool,
) -> Evidence:
    """`span`: since when the values were alike, and the instant of the one that decided (µs UTC)."""
    (since, time), (low, middle, high) = span, expected
    return Evidence(
        metric=series.metric,
        instance=series.instance,
        unit=kinds.unit(rule, series),
        start=since,
        end=time,
        value=value,
        expected=middle,
        low=low,
        high=high,
        why=_why(rule, series, verdict, value, (low, high), time - since, windowed=windowed),
    )


def _why(
    rule: Rule,
    series: Series,
    verdict: Verdict,
    value: float,
    bounds: tuple[float | None, float | None],
    held: int,
    *,
    windowed: bool,
) -> Text:
    if series.metric == measurements.ALARM and not windowed:
        return wording.alarm(series, active=verdict is not Verdict.CLEARED)
    if verdict is Verdict.CLEARED:
        return kinds.well(rule, series, value)
    return kinds.why(rule, series, value, bounds, held)


def usual(columns: Sequence[Numbers], place: int) -> Usual:
    """What was expected of one of the values; None where nothing was."""
    low, middle, high = (None if np.isnan(column[place]) else float(column[place]) for column in columns)
    return low, middle, high
