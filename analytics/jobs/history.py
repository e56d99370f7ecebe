"""What is read from the store: samples that the feed did not bring, and what baselines are learnt from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import numpy as np

from analytics.detectors.hour_of_week import Baseline
from analytics.samples import Samples, of_points
from analytics.tracks import NEVER
from analytics.watches import Silence, Values
from contracts.instants import HOUR, WEEK, floor
from contracts.rules import HourOfWeek
from contracts.series import Last, Points, Reader, Selector, Statistic

PAGE = 50_000  # samples a read


async def missed(
    reader: Reader, watch: Values, *, horizon: int, mark: int, now: int
) -> AsyncIterator[Samples]:
    """Samples that a rule may not have seen, oldest first; seen ones may come again. All µs UTC.

    Those since `mark`; and for a device whose newest known sample is older, those since then.
    """
    select = watch.rule.select
    behind: dict[str, int] = {}
    for series, last in zip(watch.tracks.series, watch.tracks.last.tolist(), strict=False):
        if NEVER < last < mark:
            behind[series.device] = min(behind.get(series.device, mark), max(last, horizon))
    for device, start in behind.items():
        only = msgspec.structs.replace(select, devices=(device,))
        async for page in _pages(reader, only, start, mark):
            yield page
    async for page in _pages(reader, select, max(mark, horizon), now + 1):
        yield page


async def _pages(reader: Reader, select: Selector, start: int, end: int) -> AsyncIterator[Samples]:
    while start < end:
        page = of_points(await asyncio.to_thread(reader.range, select, start, end, limit=PAGE))
        if len(page):
            yield page
        if len(page) < PAGE:
            return
        newest = int(page.times.max())
        start = newest if newest > start else newest + 1


async def newest(reader: Reader, watch: Silence) -> Samples:
    """The newest sample of each series that the rule listens for."""
    return of_points([_point(last) for last in await asyncio.to_thread(reader.last, watch.rule.select)])


def _point(last: Last) -> Points:
    return Points(series=last.series, times=(last.time,), values=(last.value,))


async def learn(reader: Reader, watch: Values, test: HourOfWeek, *, horizon: int) -> None:
    """Give a rule its baseline: the weeks before the horizon, so that no sample is its own measure."""
    end = floor(horizon, HOUR)
    buckets = await asyncio.to_thread(
        reader.aggregate,
        watch.rule.select,
        end - test.weeks * WEEK,
        end,
        step=HOUR,
        statistic=Statistic.MEAN,
    )
    rows = [watch.tracks.row(bucket.series) for bucket in buckets]
    baseline = Baseline(len(watch.tracks))
    for row, bucket in zip(rows, buckets, strict=True):
        baseline.learn(row, np.array(bucket.starts, np.int64), np.array(bucket.values, np.float64))
    watch.baseline = baseline
