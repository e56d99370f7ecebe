"""Play samples of the past through the evaluator, as they would have come: in order, the clock beside them.

The clock moves from cut to cut. A cut stands wherever time alone decides something: where a device was silent
for longer than a rule bears, and at every step of a grid, at which baselines learn too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec
import numpy as np

from analytics.evaluate import Evaluator
from analytics.jobs import history
from analytics.samples import Samples, join, of_points
from analytics.tracks import Mask, Rows, Times
from analytics.watches import Scene
from contracts import measurements, roster
from contracts.instants import MINUTE, SECOND, floor
from contracts.judgements import Judgement
from contracts.rules import Absence, HourOfWeek, Rule, Together
from contracts.series import Buckets, Reader, Selector, Statistic
from contracts.topics import Device

PAGE: Final = 50_000  # samples a read
PRODUCER: Final = "backtest"  # in judgements that nobody sends
_GRID: Final = 10 * MINUTE


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the past, and how the live job would have been set."""

    since: int  # µs UTC
    until: int
    horizon: float = 26 * 3600.0  # seconds; as analytics.horizon
    relearn: float = 3600.0  # seconds; as analytics.relearn


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What one cut brought."""

    now: int  # µs UTC, where the clock stands
    samples: Samples
    found: list[Judgement]


async def replay(
    rule: Rule, reader: Reader, roster: roster.Reader, span: Span, *, away: frozenset[str] = frozenset()
) -> AsyncIterator[Played]:
    """Judge a span by one rule, cut by cut. Raises what the reader does."""
    evaluator = Evaluator([rule])
    hourly = Hourly(reader, span)
    listener = Listener(rule)
    learnt: int | None = None

    def scene(now: int) -> Scene:
        horizon = now - round(span.horizon * SECOND)
        return Scene(now=now, horizon=horizon, roster=roster, producer=PRODUCER, away=away)

    async for end, samples in pages(reader, selects(rule), span):
        for now, part in listener.cut(samples, end):
            if learnt is None or now - learnt >= round(span.relearn * SECOND):
                learnt = now
                for watch in evaluator.learning:
                    if isinstance(watch.test, HourOfWeek):
                        await history.learn(hourly, watch, watch.test, horizon=scene(now).horizon)
            found = evaluator.take(part, scene(now)) if len(part) else []
            if evaluator.overdue(scene(now), span.since):
                found += evaluator.tick(scene(now), span.since)
            yield Played(now=now, samples=part, found=found)


def selects(rule: Rule) -> list[Selector]:
    """All that a rule listens to."""
    inputs = rule.test.inputs.values() if isinstance(rule.test, Together) else ()
    found: list[Selector] = []
    for one in (rule.select, *(part.select for part in inputs)):
        if one not in found:
            found.append(one)
    return found[1:] if inputs and len(found) > 1 else found


async def pages(reader: Reader, selects: list[Selector], span: Span) -> AsyncIterator[tuple[int, Samples]]:
    """Everything selected, in order of time: pages, and the instant before which each is complete."""
    start = span.since
    while start < span.until:
        found = [
            of_points(await asyncio.to_thread(reader.range, one, start, span.until, limit=PAGE))
            for one in selects
        ]
        end = min(int(one.times.max()) + 1 if len(one) else span.until for one in found)
        yield end, join([_chosen(one, one.times < end) for one in found])
        start = end


class Listener:
    """Where time alone decides something, by what a rule listens for."""

    def __init__(self, rule: Rule) -> None:
        test = rule.test
        self._silence = round(test.silence * SECOND) if isinstance(test, Absence) else 0
        self._step = max(SECOND, min(_GRID, self._silence // 2)) if self._silence else _GRID
        self._metrics = rule.select.metrics
        self._last: dict[Device, int] = {}
        self._at = 0

    def cut(self, samples: Samples, end: int) -> Iterator[tuple[int, Samples]]:
        """A page in parts: each with the instant at which it is judged, just after its samples."""
        order = np.argsort(samples.times, kind="stable")
        samples = _chosen(samples, order)
        first = self._at or (int(samples.times[0]) if len(samples) else end)
        grid = np.arange(floor(first, self._step) + self._step, end, self._step, dtype=np.int64)
        cuts = np.unique(np.concatenate([grid, self._breaks(samples), [end]]))
        cuts = cuts[(cuts > self._at) & (cuts <= end)]
        self._at = end
        bounds = np.searchsorted(samples.times, cuts, side="left").tolist()
        begin = 0
        for now, bound in zip(cuts.tolist(), bounds, strict=True):
            yield now, _chosen(samples, slice(begin, bound))
            begin = bound

    def _breaks(self, samples: Samples) -> Times:
        """Where a silence has lasted too long, and around what ends it: before, and just behind."""
        found: list[Times] = [np.empty(0, np.int64)]
        if self._silence:
            groups: dict[Device, list[int]] = {}
            for number, series in enumerate(samples.series):
                entry = measurements.find(series.metric)
                if entry is None or not entry.reserved or series.metric in self._metrics:
                    groups.setdefault(series.address, []).append(number)
            for device, numbers in groups.items():
                times = samples.times[np.isin(samples.index, numbers)]
                if not len(times):
                    continue
                before = np.concatenate([[self._last.get(device, int(times[0]))], times[:-1]])
                broken = times - before > self._silence
                found += [before[broken] + self._silence + 1, times[broken], times[broken] + 1]
                self._last[device] = int(times[-1])
            found.append(np.array(list(self._last.values()), np.int64) + self._silence + 1)
        return np.concatenate(found)


class Hourly:
    """The means that baselines learn from, read once for the whole span: contracts.series.Reader."""

    def __init__(self, reader: Reader, span: Span) -> None:
        self._reader = reader
        self._until = span.until
        self._read: dict[tuple[Selector, int], list[Buckets]] = {}
        self.range, self.last, self.list = reader.range, reader.last, reader.list

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        """As the store's reader."""
        known = self._read.get((selector, step))
        if known is None:
            known = self._read[selector, step] = self._reader.aggregate(
                selector, start, self._until, step=step, statistic=statistic
            )
        return [part for one in known if (part := _between(one, start, end)).starts]


def _between(whole: Buckets, start: int, end: int) -> Buckets:
    low, high = np.searchsorted(np.asarray(whole.starts, np.int64), [start, end]).tolist()
    return Buckets(series=whole.series, starts=whole.starts[low:high], values=whole.values[low:high])


def _chosen(samples: Samples, which: Mask | Rows | slice) -> Samples:
    return Samples(
        series=samples.series,
        index=samples.index[which],
        times=samples.times[which],
        values=samples.values[which],
    )


def share(played: Played, span: Span) -> float:
    """How far the clock has come, 0 to 1."""
    return (played.now - span.since) / (span.until - span.since)
