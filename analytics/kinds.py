"""The kinds of rules that judge series one by one: what they look at, how they class it, what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import UNSET

from analytics import wording
from analytics.detectors import burn_rate, flapping, hour_of_week, rate, stuck, threshold
from analytics.detectors.hour_of_week import Baseline
from analytics.tracks import Classes, Numbers, Rows, Times
from analytics.windows import Closed, Panes, Runs, View
from contracts import measurements
from contracts.instants import SECOND
from contracts.judgements import Text
from contracts.rules import (
    Anomaly,
    BurnRate,
    Count,
    Flapping,
    HourOfWeek,
    Of,
    Rate,
    Rule,
    Session,
    Sliding,
    Stuck,
    Threshold,
    Tumbling,
    Window,
)
from contracts.series import Series

Valued = Threshold | HourOfWeek | Rate | Stuck | Flapping | BurnRate | Anomaly
Measured = tuple[
    Classes, Numbers, Numbers, Numbers
]  # class of each value; low, middle, high of what was expected
STEPS: Final = 12  # looks at a window of `over`, where the rule names no step

_OF: Final[dict[Of, Callable[[View], Numbers]]] = {
    Of.MEAN: lambda view: view.total("sum") / view.total("count"),
    Of.MIN: View.least,
    Of.MAX: View.most,
    Of.SUM: lambda view: view.total("sum"),
    Of.COUNT: lambda view: view.total("count"),
    Of.LAST: lambda view: view.final("last"),
    Of.RANGE: lambda view: view.most() - view.least(),
    Of.LENGTH: lambda view: (view.final("last_time") - view.first("first_time")) / SECOND,
}

NEEDS: Final = {  # columns of the windows that each asks for
    Of.MEAN: ("sum", "count"),
    Of.MIN: ("min",),
    Of.MAX: ("max",),
    Of.SUM: ("sum",),
    Of.COUNT: ("count",),
    Of.LAST: ("last",),
    Of.RANGE: ("min", "max"),
    Of.LENGTH: ("first_time", "last_time"),
}
_NEEDS: Final[dict[type, tuple[str, ...]]] = {
    Rate: ("rise", "first", "last", "first_time", "last_time"),
    Stuck: ("min", "max", "count", "first_time", "last_time"),
    Flapping: ("flips",),
}


def stage(rule: Rule) -> Panes | Runs | None:
    """What makes windows of the samples of a rule, or None where it judges each sample."""
    test, window = rule.test, rule.window
    if isinstance(test, Rate | Stuck | Flapping):
        step = test.step or test.over / STEPS
        size = round(test.over / step) * _micro(step)
        limit = test.limit if isinstance(test, Flapping) else 0.0
        late = _micro(test.lateness)
        return Panes(size=size, step=_micro(step), lateness=late, limit=limit, needs=_NEEDS[type(test)])
    if isinstance(test, BurnRate):
        step = _micro(test.step)
        size = round(max(pair.long for pair in test.pairs) / test.step) * step
        return Panes(
            size=size,
            step=step,
            lateness=_micro(test.lateness),
            limit=burn_rate.limit(test),
            needs=("count", "bad"),
        )
    if isinstance(window, Tumbling):
        size, late = _micro(window.size), _micro(window.lateness)
        return Panes(size=size, step=size, lateness=late, needs=NEEDS[window.of])
    if isinstance(window, Sliding):
        size = round(window.size / window.step) * _micro(window.step)
        late = _micro(window.lateness)
        return Panes(size=size, step=_micro(window.step), lateness=late, needs=NEEDS[window.of])
    if isinstance(window, Session):
        gap, most = _micro(window.gap), _micro(window.most)
        return Runs(gap=gap, most=most, lateness=_micro(window.lateness))
    if isinstance(window, Count):
        return Runs(samples=window.samples, lateness=_micro(window.lateness))
    return None


def hold(rule: Rule) -> int:
    """How long it must be wrong to be raised (µs)."""
    return _micro(rule.test.hold) if isinstance(rule.test, Threshold | HourOfWeek | Rate) else 0


def calm(rule: Rule) -> int | None:
    """How long it must be well to be cleared (µs); None: as long as `hold`."""
    if rule.clears_after is not UNSET:
        return _micro(rule.clears_after)
    return _micro(rule.test.lasts) if isinstance(rule.test, Anomaly) else None


def points(rule: Rule, closed: Closed, series: list[Series]) -> Numbers:
    """What the test of a rule is put to, of each window; NaN where it says nothing."""
    test = rule.test
    if isinstance(test, Rate):
        counter = {row: _counter(series[row]) for row in set(closed.rows.tolist())}
        mask = np.array([counter[row] for row in closed.rows.tolist()], np.bool_)
        return rate.rates(closed.view, mask, test)
    if isinstance(test, Stuck):
        return stuck.ranges(closed.view, test)
    if isinstance(test, BurnRate):
        return burn_rate.burns(closed.view, test)
    if isinstance(test, Flapping):
        return closed.view.total("flips")
    return statistic(_window(rule).of, closed.view)


def statistic(of: Of, view: View) -> Numbers:
    """What windows say of their numbers."""
    return _OF[of](view)


def measure(test: Valued, baseline: Baseline, rows: Rows, times: Times, values: Numbers) -> Measured:
    """Class of each value, and low, middle, high of what was expected."""
    nothing = np.full(len(values), np.nan)
    if isinstance(test, HourOfWeek):
        expected = baseline.expect(rows, times, test)
        classes = hour_of_week.classify(values, expected, test)
        return classes, expected.low, expected.middle, expected.high
    if isinstance(test, Stuck):
        return stuck.classify(values, test), nothing, nothing, np.full(len(values), test.tolerance)
    if isinstance(test, Flapping):
        return flapping.classify(values, test), nothing, np.full(len(values), float(test.changes)), nothing
    if isinstance(test, Anomaly):  # its detectors stand in analytics.novel
        return np.zeros(len(values), np.int8), nothing, nothing, nothing
    if isinstance(test, BurnRate):
        limit = np.ones(len(values))
        return (values >= 1.0).astype(np.int8) - (values < 1.0).astype(np.int8), nothing, limit, nothing
    return threshold.classify(values, test), nothing, np.full(len(values), test.limit), nothing


def unit(rule: Rule, series: Series) -> str:
    """In what the value of its evidence counts."""
    if isinstance(rule.test, Flapping | BurnRate) or _of(rule) is Of.COUNT:
        return ""
    return "s" if _of(rule) is Of.LENGTH else series.unit


def why(
    rule: Rule, series: Series, value: float, usual: tuple[float | None, float | None], held: int
) -> Text:
    """Why it was raised, or still is; `held` in µs."""
    test = rule.test
    if isinstance(test, Rate):
        return wording.changes(series, value, test)
    if isinstance(test, Stuck):
        return wording.stands(series, test)
    if isinstance(test, Flapping):
        return wording.flaps(series, round(value), test)
    if isinstance(test, Anomaly):
        return wording.novel(series, value)
    if isinstance(test, BurnRate):
        return wording.burns(series, value, test)
    if isinstance(test, Threshold):
        if _of(rule) is None:
            return wording.beyond(series, value, test.limit, test.side, held // SECOND)
        return wording.window_beyond(series, value, unit(rule, series), test, _window(rule))
    entry = measurements.find(series.metric)
    low, high = usual[0] or 0.0, usual[1] or 0.0
    if entry is not None and entry.low is not None:
        low = max(low, entry.low)
    return wording.unusual(series, value, low, high)


def well(rule: Rule, series: Series, value: float) -> Text:
    """That it is over."""
    if isinstance(rule.test, Rate | Stuck | Flapping | BurnRate) or unit(rule, series) != series.unit:
        return wording.calm(series)
    return wording.normal(series, value)


def _of(rule: Rule) -> Of | None:
    return rule.window.of if isinstance(rule.window, Window) else None


def _window(rule: Rule) -> Window:
    if not isinstance(rule.window, Window):
        raise TypeError(f"{rule.id} has no window")
    return rule.window


def _counter(series: Series) -> bool:
    entry = measurements.find(series.metric)
    return entry is not None and entry.kind is measurements.Kind.COUNTER


def _micro(seconds: float) -> int:
    return round(seconds * SECOND)
