"""Reading: samples of a range; aggregates from roll-ups where they are up to date, else from samples."""

from __future__ import annotations

from array import array
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.instants import DAY, HOUR, floor
from contracts.series import Buckets, Points, Selector, Series, Statistic, Value
from store import steps
from store.embedded import schema, statistics
from store.embedded.catalog import Catalog, Ids, Ints
from store.embedded.file import Connection, File
from store.embedded.marks import Marks
from store.embedded.samples import other
from store.port import CHANNELS

Values = npt.NDArray[Any]  # floats, or objects where values are mixed
_SPELT: Final = 64  # series numbers written into the query's text; more are joined
_APART: Final = 2 * DAY  # stale hours that lie further apart are read by queries of their own
_TELEMETRY: Final = CHANNELS.index("telemetry")


class _Scope(NamedTuple):
    """What one query covers."""

    ids: Ids
    start: int
    end: int

    def where(self, column: str = "ts") -> str:
        span = f"{column} >= {self.start} AND {column} < {self.end}"
        if not len(self.ids):
            return f"{span} AND false"
        around = f"series BETWEEN {self.ids[0]} AND {self.ids[-1]}"
        if len(self.ids) > _SPELT:
            return f"{span} AND {around} AND series IN (SELECT id FROM chosen)"
        return f"{span} AND {around} AND series IN ({', '.join(map(str, self.ids.tolist()))})"

    def within(self, start: int, end: int) -> _Scope:
        return self._replace(start=max(start, self.start), end=min(end, self.end))


class Reading:
    """The reader's side of the embedded engine."""

    def __init__(self, file: File, catalog: Catalog, marks: Marks) -> None:
        self._file = file
        self._catalog = catalog
        self._marks = marks

    def range(self, selector: Selector, start: int, end: int, *, limit: int) -> list[Points]:
        """Samples oldest first; one row more than the limit tells whether an instant would be cut through."""
        scope = _Scope(self._catalog.select(selector), start, end)
        if limit < 1 or not len(scope.ids):
            return []
        with self._file.reading() as cursor:
            _choose(cursor, scope.ids)
            cursor.begin()
            where = scope.where()
            numbers = _oldest(cursor, f"SELECT series, ts, number FROM samples WHERE {where}", limit)
            others = []
            if self._catalog.mixed(scope.ids):
                others = cursor.execute(
                    f"SELECT series, ts, text, flag, data FROM others WHERE {where} "
                    f"ORDER BY ts, series LIMIT {limit + 1}"
                ).fetchall()
            cursor.commit()
        ids, times = np.asarray(numbers["series"], np.int32), np.asarray(numbers["ts"], np.int64)
        values = np.asarray(numbers["number"], np.float64)
        if others:
            return self._mixed(ids, times, values, others, limit)
        order = np.lexsort((ids, times))
        order = order[: _bound(times[order], limit)]
        return self._points(ids[order], times[order], values[order])

    def _points(self, ids: Ids, times: Ints, values: Values) -> list[Points]:
        if not len(ids):
            return []
        order = np.argsort(ids, kind="stable")
        ids, times, values = ids[order], times[order], values[order]
        edges = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
        found = []
        for first, last in zip(edges.tolist(), [*edges[1:].tolist(), len(ids)], strict=True):
            part: list[Value] | array[float] = (
                values[first:last].tolist()
                if values.dtype == np.object_
                else array("d", values[first:last].tobytes())
            )
            found.append(
                Points(
                    series=self._catalog.series[int(ids[first])],
                    times=array("q", times[first:last].tobytes()),
                    values=part,
                )
            )
        return sorted(found, key=lambda points: self._rank(points.series))

    def _mixed(
        self,
        ids: Ids,
        times: Ints,
        values: Values,
        others: list[tuple[object, ...]],
        limit: int,
    ) -> list[Points]:
        rows = [*zip(times.tolist(), ids.tolist(), values.tolist(), strict=True)]
        rows += [(ts, series, other(text, flag, data)) for series, ts, text, flag, data in others]  # type: ignore[arg-type]
        rows.sort(key=lambda row: row[:2])
        merged = np.array([row[0] for row in rows], np.int64)
        rows = rows[: _bound(merged, limit)]
        objects = np.empty(len(rows), np.object_)
        objects[:] = [row[2] for row in rows]
        return self._points(np.array([row[1] for row in rows], np.int32), merged[: len(rows)], objects)

    @staticmethod
    def _rank(series: Series) -> tuple[str, ...]:
        return series.site, str(series.kind), series.device, series.metric, series.instance, series.unit

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        """From roll-ups, but for buckets whose hours are marked as changed."""
        start, end = steps.whole(start, end, step)
        scope = _Scope(self._catalog.select(selector), start, end)
        if not len(scope.ids) or start >= end:
            return []
        level = steps.level(step, statistic)
        with self._file.reading() as cursor:
            _choose(cursor, scope.ids)
            if level is None:
                steps.need_samples(start, int(self._marks.floors[_TELEMETRY]))
                rows = _raw(cursor, scope, step, statistic)
            else:
                cursor.begin()
                rows = _rolled(cursor, scope, step, statistic, level)
                cursor.commit()
        return self._buckets(*rows)

    def _buckets(self, ids: Ids, starts: Ints, values: Values) -> list[Buckets]:
        order = np.lexsort((starts, ids))
        points = self._points(ids[order], starts[order], values[order])
        return [Buckets(series=one.series, starts=one.times, values=one.values) for one in points]  # type: ignore[arg-type]


_Rows = tuple[Ids, Ints, Values]


def _raw(cursor: Connection, scope: _Scope, step: int, statistic: Statistic) -> _Rows:
    return _fetch(
        cursor,
        f"""SELECT series, ts - ts % {step} AS start, {statistics.of_raw(statistic)} AS value
            FROM samples WHERE {scope.where()} GROUP BY series, start""",
    )


def _rolled(cursor: Connection, scope: _Scope, step: int, statistic: Statistic, level: int) -> _Rows:
    unit = DAY if level == DAY else HOUR  # in which changes are marked
    stale = _stale(cursor, scope, unit)
    table = schema.ROLLUPS[level]
    condition = scope.where()
    if len(stale[0]):
        cursor.register("stale", {"s": stale[0], "u": stale[1]})
        condition += f" AND NOT EXISTS (FROM stale WHERE s = series AND u = ts - ts % {unit})"
    if statistic in statistics.PERCENTILES:
        rolled = f"SELECT series, ts AS start, {statistic.value} AS value FROM {table} WHERE {condition}"
        raws = [
            f"""SELECT series, ts - ts % {step} AS start, {statistics.of_raw(statistic)} AS value
                FROM ({source}) GROUP BY series, start"""
            for source in _stale_samples(scope, stale[1], unit)
        ]
        return _fetch(cursor, " UNION ALL ".join([rolled, *raws]))
    rolled = f"SELECT series, ts - ts % {step} AS start, count, sum, min, max FROM {table} WHERE {condition}"
    raws = [
        f"""SELECT series, ts - ts % {step} AS start, count(*) AS count, sum(number) AS sum,
              min(number) AS min, max(number) AS max FROM ({source}) GROUP BY series, start"""
        for source in _stale_samples(scope, stale[1], unit)
    ]
    parts = " UNION ALL ".join([rolled, *raws])
    return _fetch(
        cursor,
        f"""SELECT series, start, {statistics.combined(statistic)} AS value
            FROM ({parts}) GROUP BY series, start""",
    )


def _stale(cursor: Connection, scope: _Scope, unit: int) -> tuple[Ids, Ints]:
    """(series, hour or day) whose roll-ups are not up to date, in order of time."""
    scope = scope._replace(start=floor(scope.start, unit))
    sources = [f"SELECT series, hour - hour % {unit} AS unit FROM marks WHERE {scope.where('hour')}"]
    if unit == DAY:
        sources.append(f"SELECT series, day AS unit FROM day_marks WHERE {scope.where('day')}")
    found = cursor.execute(
        f"SELECT DISTINCT series, unit FROM ({' UNION ALL '.join(sources)}) ORDER BY unit"
    ).fetchnumpy()
    return np.asarray(found["series"], np.int32), np.asarray(found["unit"], np.int64)


def _stale_samples(scope: _Scope, units: Ints, unit: int) -> list[str]:
    """Queries for the samples of stale hours, one for each stretch of time."""
    if not len(units):
        return []
    edges = np.flatnonzero(np.diff(units) > _APART) + 1
    parts = np.split(units, edges)
    return [
        f"""SELECT series, ts, number FROM samples SEMI JOIN stale ON s = series AND u = ts - ts % {unit}
            WHERE {scope.within(int(part[0]), int(part[-1]) + unit).where()}"""
        for part in parts
    ]


def _oldest(cursor: Connection, query: str, limit: int) -> dict[str, Values]:
    """All rows in any order, where they are no more than the limit; else the oldest, and one more."""
    found = cursor.execute(f"{query} LIMIT {limit + 1}").fetchnumpy()
    if len(found["ts"]) > limit:
        found = cursor.execute(f"{query} ORDER BY ts, series LIMIT {limit + 1}").fetchnumpy()
    return found


def _choose(cursor: Connection, ids: Ids) -> None:
    if len(ids) > _SPELT:
        cursor.register("chosen", {"id": ids})


def _fetch(cursor: Connection, query: str) -> _Rows:
    found = cursor.execute(query).fetchnumpy()
    return (
        np.asarray(found["series"], np.int32),
        np.asarray(found["start"], np.int64),
        np.asarray(found["value"], np.float64),
    )


def _bound(times: Ints, limit: int) -> int:
    """How many rows to give: at most the limit, all of an instant or none, unless one fills the page."""
    if len(times) <= limit:
        return len(times)
    whole = int(np.searchsorted(times, times[limit], side="left"))
    return whole or limit
