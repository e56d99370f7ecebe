"""What is read from the store: samples that the feed did not bring, and what baselines are learnt from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec
import numpy as np

from analytics.detectors.hour_of_week import Baseline
from analytics.samples import Samples, join, of_points
from analytics.silence import Silence
from analytics.tracks import NEVER
from analytics.values import Values
from contracts.instants import HOUR, MINUTE, WEEK, floor
from contracts.rules import HourOfWeek
from contracts.series import Last, Points, Reader, Selector, Statistic

PAGE: Final = 50_000  # samples a read
_TOGETHER: Final = 200  # devices a read
_DEVICE_TIME: Final = _TOGETHER * 20 * MINUTE  # of samples that are held at once to be judged anew
_APART: Final = 10 * MINUTE  # devices behind by more than this are not read together


async def missed(
    reader: Reader, watch: Values, *, fresh: int, horizon: int, end: int
) -> AsyncIterator[Samples]:
    """Samples that a rule has not seen, in order of time by device; seen ones may come again. All µs UTC.

    Of a series that it never saw, those since `fresh`; of none those before the horizon.
    """
    behind: dict[str, int] = {}
    for newest in await asyncio.to_thread(reader.last, watch.rule.select):
        known = watch.newest(newest.series)
        start = max(fresh if known == NEVER else known + 1, horizon)
        if newest.time >= start:
            device = newest.series.device
            behind[device] = min(behind.get(device, start), start)
    for devices, start in _groups(behind):
        select = msgspec.structs.replace(watch.rule.select, devices=devices)
        async for page in _pages(reader, select, start, end):
            yield page


async def doubted(reader: Reader, watch: Values) -> AsyncIterator[tuple[list[int], Samples]]:
    """Rows of a rule to be judged anew, with all their samples from then on; some devices at a time."""
    rows: dict[str, list[int]] = {}
    since: dict[str, int] = {}
    end = 0
    for row in watch.doubted:
        device = watch.tracks.series[row].device
        rows.setdefault(device, []).append(row)
        start = watch.since(row)
        since[device] = min(since.get(device, start), start)
        end = max(end, watch.until(row))
    for devices, start in _groups(since, together=max(1, _DEVICE_TIME // max(1, end - min(since.values())))):
        select = msgspec.structs.replace(watch.rule.select, devices=devices)
        pages = [page async for page in _pages(reader, select, start, end)]
        yield [row for device in devices for row in rows[device]], join(pages)


def _groups(behind: dict[str, int], together: int = _TOGETHER) -> Iterator[tuple[tuple[str, ...], int]]:
    """Devices that are behind by about as much, and from when on to read them."""
    group: list[str] = []
    start = 0
    for device, since in sorted(behind.items(), key=lambda item: item[1]):
        if group and (since > start + _APART or len(group) >= together):
            yield tuple(group), start
            group = []
        start = start if group else since
        group.append(device)
    if group:
        yield tuple(group), start


async def _pages(reader: Reader, select: Selector, start: int, end: int) -> AsyncIterator[Samples]:
    while start < end:
        page = of_points(await asyncio.to_thread(reader.range, select, start, end, limit=PAGE))
        if not len(page):
            return
        yield page
        start = int(page.times.max()) + 1  # a page ends before an instant that it would cut through


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
