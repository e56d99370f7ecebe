"""Which samples a picture shows, and how they are read: few enough whatever the span."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts import measurements
from contracts.alerts import Alert
from contracts.instants import DAY, HOUR, MINUTE, floor
from contracts.measurements import Kind
from contracts.series import Points, Reader, Selector, Statistic

_SHORTEST: Final = 2 * HOUR  # shown at least
_LONGEST: Final = 7 * DAY
_BEFORE: Final = 3  # windows shown before the one that decided
_RAW: Final = 3 * HOUR  # up to here every sample is shown …
_MANY: Final = 4_000  # … unless there are more of them
_STEPS: Final = 360  # buckets otherwise, at most


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown, µs UTC; `start` to `end` is the window that decided."""

    select: Selector
    start: int
    end: int
    first: int
    last: int
    heartbeat: bool = False  # how much came at all, where the alert is about no numbers


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Samples in order of time, or what stands for many of them."""

    times: list[int]
    values: list[float]
    least: list[float] = []
    most: list[float] = []


def view(alert: Alert, *, now: int) -> View | None:
    """What to show of an alert; None where it is about no one series or device."""
    evidence = alert.evidence
    if not alert.device:
        return None
    entry = measurements.find(evidence.metric)
    drawn = bool(evidence.metric) and (entry is None or entry.kind is not Kind.TEXT)
    start = evidence.start or alert.started
    end = max(evidence.end or alert.started, start)
    span = min(max(_SHORTEST, (end - start) * (_BEFORE + 1)), _LONGEST)
    last = min(max(end + span // 8, alert.resolved or end), max(now, end + 1), start + span)
    first = min(start, max(last - span, last - _LONGEST))
    return View(
        select=Selector(
            site=alert.site,
            devices=(alert.device,),
            metrics=(evidence.metric,) if drawn else (),
            instance=evidence.instance if drawn else None,
        ),
        start=start,
        end=end,
        first=first,
        last=max(last, first + MINUTE),
        heartbeat=not drawn,
    )


def read(reader: Reader, shown: View) -> Columns:
    """The samples of a view. Blocks. Raises the store's errors."""
    if shown.heartbeat:
        return _counts(reader, shown)
    if shown.last - shown.first <= _RAW:
        points = reader.range(shown.select, shown.first, shown.last, limit=_MANY)
        columns = _numbers(points)
        if len(columns.times) < _MANY:
            return columns
    return _buckets(reader, shown)


def step(shown: View) -> int:
    """Length of a bucket, µs: whole minutes."""
    return max(MINUTE, -(-(shown.last - shown.first) // _STEPS // MINUTE) * MINUTE)


def _numbers(points: list[Points]) -> Columns:
    rows = sorted(
        (time, float(value))
        for one in points
        for time, value in zip(one.times, one.values, strict=True)
        if isinstance(value, float | bool)
    )
    return Columns(times=[time for time, _ in rows], values=[value for _, value in rows])


def _buckets(reader: Reader, shown: View) -> Columns:
    length = step(shown)
    start, end = floor(shown.first, length), shown.last

    def column(statistic: Statistic) -> dict[int, float]:
        buckets = reader.aggregate(shown.select, start, end, step=length, statistic=statistic)
        return {
            time: value for one in buckets[:1] for time, value in zip(one.starts, one.values, strict=True)
        }

    mean, least, most = (column(statistic) for statistic in (Statistic.MEAN, Statistic.MIN, Statistic.MAX))
    times = sorted(mean.keys() & least.keys() & most.keys())
    return Columns(
        times=times,
        values=[mean[time] for time in times],
        least=[least[time] for time in times],
        most=[most[time] for time in times],
    )


def _counts(reader: Reader, shown: View) -> Columns:
    """Samples of all series a bucket; empty ones are 0, for that is what is to be seen."""
    length = step(shown)
    start = floor(shown.first, length)
    totals = dict.fromkeys(range(start, shown.last, length), 0.0)
    for one in reader.aggregate(shown.select, start, shown.last, step=length, statistic=Statistic.COUNT):
        for time, count in zip(one.starts, one.values, strict=True):
            totals[time] = totals.get(time, 0.0) + count
    times = sorted(totals)
    return Columns(times=times, values=[totals[time] for time in times])
