"""Reading by InfluxQL."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from contracts.instants import DAY, HOUR
from contracts.series import Buckets, Last, Points, Selector, Series, Statistic, Value
from store import steps
from store.influx import ql
from store.influx.http import Server, Statement
from store.influx.lines import FIELDS, TAGS, Writer, value
from store.influx.marks import Marks, stretches

_FIELDS: Final = ", ".join((*FIELDS, "k"))
_PERCENTILES: Final = {Statistic.P50: 50, Statistic.P95: 95, Statistic.P99: 99}
_PAGE: Final = 50_000  # samples in one answer where they are counted here
_APART: Final = 2 * DAY  # changed hours that lie further apart are read by queries of their own
Table = dict[Series, dict[int, float]]  # series → bucket's start → value


class Reading:
    """The reader's side of the InfluxDB engine."""

    def __init__(self, server: Server, marks: Marks, writer: Writer) -> None:
        self._server = server
        self._marks = marks
        self._writer = writer

    def range(self, selector: Selector, start: int, end: int, *, limit: int) -> list[Points]:
        if limit < 1 or start >= end:
            return []
        by_series: defaultdict[Series, tuple[list[int], list[Value]]] = defaultdict(lambda: ([], []))
        for time, series, sample in self._page(selector, start, end, limit):
            by_series[series][0].append(time)
            by_series[series][1].append(sample)
        return [
            Points(series=series, times=array("q", times), values=_values(values))
            for series, (times, values) in sorted(by_series.items(), key=lambda item: rank(item[0]))
        ]

    def _page(self, selector: Selector, start: int, end: int, limit: int) -> list[tuple[int, Series, Value]]:
        """The oldest samples: at most the limit, all of an instant or none, unless one fills the page."""
        (tables,) = self._server.query(
            f"SELECT {_FIELDS}, {ql.BY} FROM {ql.source(selector.metrics)} "
            f"WHERE {ql.span(start, end)}{ql.tags(selector)} LIMIT {limit + 1}"
        )
        rows = list(heapq.merge(*(_rows(table) for table in tables), key=lambda row: row[0]))
        if len(rows) <= limit:
            return rows
        cut = rows[limit][0]
        return [row for row in rows[:limit] if row[0] < cut] or rows[:limit]

    def last(self, selector: Selector) -> list[Last]:
        (tables,) = self._server.query(
            f"SELECT {_FIELDS} FROM {ql.source(selector.metrics)} WHERE time >= 0{ql.tags(selector)} "
            f"GROUP BY {ql.BY} ORDER BY time DESC LIMIT 1"
        )
        found = []
        for table in tables:
            row = dict(zip(table.columns, table.values[0], strict=True))
            if (sample := value(row)) is not None:
                found.append(
                    Last(series=ql.series(table.name, {**table.tags}), time=int(row["time"]), value=sample)
                )
        return sorted(found, key=lambda one: rank(one.series))

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        start, end = steps.whole(start, end, step)
        level = steps.level(step, statistic)
        state = self._marks.state()
        if level is None:
            steps.need_samples(start, state.get("floor_telemetry", 0))
            return _buckets(self.of_samples(selector, start, end, step, (statistic,))[statistic])
        reach = min(end, state.get("rolled_day" if level == DAY else "rolled", 0))
        reach = max(start, reach - reach % step)
        table: Table = {}
        if start < reach:
            table = self._rolled(selector, start, reach, step, level, statistic)
            self._refresh(table, selector, start, reach, step, statistic, state.get("floor_telemetry", 0))
        if reach < end:
            _merge(table, self.of_samples(selector, reach, end, step, (statistic,))[statistic])
        return _buckets(table)

    def _rolled(
        self, selector: Selector, start: int, end: int, step: int, level: int, statistic: Statistic
    ) -> Table:
        what = {
            Statistic.COUNT: 'sum("count")',
            Statistic.SUM: 'sum("sum")',
            Statistic.MEAN: 'sum("sum") / sum("count")',
            Statistic.MIN: 'min("min")',
            Statistic.MAX: 'max("max")',
        }.get(statistic, f'first("{statistic}")')
        (tables,) = self._server.query(
            f"SELECT {what} FROM {ql.source(selector.metrics, level)} "
            f"WHERE {ql.span(start, end)}{ql.tags(selector)} GROUP BY time({step}u), {ql.BY} fill(none)"
        )
        return {
            ql.series(table.name, {**table.tags}): {
                int(time): float(number) for time, number in table.values if number is not None
            }
            for table in tables
        }

    def _refresh(
        self,
        table: Table,
        selector: Selector,
        start: int,
        end: int,
        step: int,
        statistic: Statistic,
        floor: int,
    ) -> None:
        """Replace the buckets whose hours changed since they were rolled up."""
        marks = self._marks.read(selector, start, end)
        for first, last, changed in stretches(marks, step, _APART):
            fresh = self.of_samples(selector, first, last, step, (statistic,))[statistic]
            for mark in changed:
                bucket = mark.hour - mark.hour % step
                for begin in range(bucket, mark.hour + HOUR, step):
                    if begin < floor:  # samples of it have expired: the roll-ups know better
                        continue
                    if (number := fresh.get(mark.series, {}).get(begin)) is not None:
                        table.setdefault(mark.series, {})[begin] = number
                    else:
                        table.get(mark.series, {}).pop(begin, None)

    def of_samples(
        self, selector: Selector, start: int, end: int, step: int, statistics: Iterable[Statistic]
    ) -> dict[Statistic, Table]:
        """Statistics of whole buckets, from samples."""
        wanted = list(statistics)
        selected = ", ".join(
            f"percentile(v, {_PERCENTILES[one]})" if one in _PERCENTILES else f"{one}(v)" for one in wanted
        )
        where = f"{ql.source(selector.metrics)} WHERE {ql.span(start, end)}{ql.tags(selector)}"
        (tables,) = self._server.query(
            f"SELECT {selected} FROM {where} GROUP BY time({step}u), {ql.BY} fill(none)"
        )
        found: dict[Statistic, Table] = {one: {} for one in wanted}
        for table in tables:
            series = ql.series(table.name, {**table.tags})
            for place, one in enumerate(wanted, 1):
                found[one][series] = {
                    int(row[0]): float(row[place]) for row in table.values if row[place] is not None
                }
        metrics = {series.metric for series in found[wanted[0]]} & self._writer.typed if wanted else set()
        if metrics:
            self._correct(found, selector, metrics, start, end, step)
        return found

    def _correct(
        self,
        found: dict[Statistic, Table],
        selector: Selector,
        metrics: set[str],
        start: int,
        end: int,
        step: int,
    ) -> None:
        """Count series of mixed values here: InfluxQL cannot see that a string overwrote a number."""
        (tables,) = self._server.query(
            f"SELECT count(k) FROM {ql.source(sorted(metrics))} "
            f"WHERE {ql.span(start, end)}{ql.tags(selector)} GROUP BY {ql.BY}"
        )
        have_numbers = {series for table in found.values() for series in table}
        for table in tables:
            series = ql.series(table.name, {**table.tags})
            if series not in have_numbers:
                continue
            buckets: defaultdict[int, list[float]] = defaultdict(list)
            for time, sample in self.every(series, start, end):
                if isinstance(sample, float):
                    buckets[time - time % step].append(sample)
            for one, result in found.items():
                result[series] = {begin: _statistic(one, numbers) for begin, numbers in buckets.items()}

    def every(self, series: Series, start: int, end: int) -> Iterator[tuple[int, Value]]:
        """All samples of one series, page by page."""
        selector = Selector(
            site=series.site,
            kind=series.kind,
            devices=(series.device,),
            metrics=(series.metric,),
            instance=series.instance,
        )
        while rows := self._page(selector, start, end, _PAGE):
            yield from ((time, sample) for time, one, sample in rows if one == series)
            start = rows[-1][0] + 1


def rank(series: Series) -> tuple[str, ...]:
    """Order of series."""
    return series.site, str(series.kind), series.device, series.metric, series.instance, series.unit


def _rows(table: Statement) -> Iterator[tuple[int, Series, Value]]:
    known: dict[tuple[object, ...], Series] = {}
    tags = [table.columns.index(tag) for tag in TAGS]
    for values in table.values:
        row = dict(zip(table.columns, values, strict=True))
        sample = value(row)
        if sample is None:
            continue
        identity = tuple(values[place] for place in tags)
        series = known.get(identity)
        if series is None:
            series = known[identity] = ql.series(table.name, row)
        yield int(values[0]), series, sample


def _values(values: list[Value]) -> list[Value] | array[float]:
    return array("d", values) if all(isinstance(one, float) for one in values) else values  # type: ignore[arg-type]


def _merge(table: Table, more: Table) -> None:
    for series, buckets in more.items():
        table.setdefault(series, {}).update(buckets)


def _buckets(table: Table) -> list[Buckets]:
    return [
        Buckets(
            series=series,
            starts=array("q", sorted(values)),
            values=array("d", [values[t] for t in sorted(values)]),
        )
        for series, values in sorted(table.items(), key=lambda item: rank(item[0]))
        if values
    ]


def _statistic(statistic: Statistic, numbers: list[float]) -> float:
    match statistic:
        case Statistic.COUNT:
            return float(len(numbers))
        case Statistic.SUM:
            return math.fsum(numbers)
        case Statistic.MEAN:
            return math.fsum(numbers) / len(numbers)
        case Statistic.MIN:
            return min(numbers)
        case Statistic.MAX:
            return max(numbers)
        case _:
            place = math.floor(len(numbers) * _PERCENTILES[statistic] / 100 + 0.5)
            return sorted(numbers)[max(place, 1) - 1]
