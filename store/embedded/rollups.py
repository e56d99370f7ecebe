"""Bringing roll-ups up to date: marked hours, then marked days, each level from samples."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Other
from store.embedded import schema, statistics
from store.embedded.catalog import NEVER, Catalog, Floats, Ids, Ints
from store.embedded.file import Connection, File, first
from store.embedded.marks import Marks
from store.embedded.samples import columns_of, other
from store.port import GRACE

_FINE: Final = (MINUTE, 15 * MINUTE, HOUR)  # levels computed hour by hour
_FIRST: Final = 1_000  # series-hours, or series-days, of the first transaction
_SAMPLES: Final = 2_000_000  # samples that the later ones should hold: some seconds and 100 MB


class RollUps:
    """Runs beside the writer; one call at a time."""

    def __init__(self, file: File, catalog: Catalog, marks: Marks) -> None:
        self._file = file
        self._catalog = catalog
        self._marks = marks

    def run(self, now: int) -> int:
        """Roll up everything that is closed and marked; return the rows computed."""
        rows = self._hours(now - HOUR - GRACE + 1)
        size = _FIRST
        while count := self._days(now - DAY - GRACE + 1, size):
            rows += count.rows
            size = count.next_size(size)
        return rows

    def _hours(self, before: int) -> int:
        """Marked hours that start before an instant."""
        with self._file.turn():
            ids, hours = self._marks.take(before)
        rows = done = 0
        size = _FIRST
        try:
            while done < len(ids):
                part = slice(done, done + size)
                count = self._some_hours(ids[part], hours[part])
                done += size
                rows += count.rows
                size = count.next_size(size)
        finally:
            if done < len(ids):
                with self._file.turn():
                    self._marks.put_back(ids[done:], hours[done:])
        return rows

    def _some_hours(self, ids: Ids, hours: Ints) -> _Computed:
        touched = np.unique(ids)
        with self._file.beside() as connection:
            with self._file.turn():
                seq = self._marks.seq
                latest = self._catalog.copy_latest(touched)
                connection.execute("SELECT count(*) FROM version").fetchall()  # the snapshot is of now
            computed = _compute(connection, ids, hours, HOUR, _FINE)
            connection.execute(
                f"DELETE FROM marks USING chunk WHERE series = s AND hour = u AND seq <= {seq} "
                f"AND hour >= {hours[0]} AND hour <= {hours[-1]}"
            )
            connection.execute(
                f"""INSERT INTO day_marks SELECT DISTINCT s, u - u % {DAY} FROM chunk
                    WHERE NOT EXISTS (FROM day_marks WHERE series = s AND day = u - u % {DAY})"""
            )
            _save_latest(connection, touched, *latest)
            connection.unregister("chunk")
        return computed

    def _days(self, before: int, size: int) -> _Computed | None:
        """Some marked days that start before an instant; None where there is none."""
        with self._file.beside() as connection:
            found = connection.execute(
                "SELECT series, day FROM day_marks WHERE day < ? ORDER BY day, series LIMIT ?", [before, size]
            ).fetchnumpy()
            ids, days = np.asarray(found["series"], np.int32), np.asarray(found["day"], np.int64)
            if not len(ids):
                return None
            computed = _compute(connection, ids, days, DAY, (DAY,))
            connection.execute("DELETE FROM day_marks USING chunk WHERE series = s AND day = u")
            connection.unregister("chunk")
        return computed


class _Computed(NamedTuple):
    """What one transaction computed."""

    rows: int
    samples: int  # that they were made of

    def next_size(self, size: int) -> int:
        """So many series-hours hold about as many samples as one transaction should."""
        return max(_FIRST // 20, min(4 * size, size * _SAMPLES // max(1, self.samples)))


def _compute(connection: Connection, ids: Ids, units: Ints, unit: int, levels: tuple[int, ...]) -> _Computed:
    """Replace the roll-ups of marked hours or days, in order of time; leaves them registered as `chunk`."""
    connection.register("chunk", {"s": ids, "u": units})
    span = f"ts >= {units[0]} AND ts < {units[-1] + unit}"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE changed AS SELECT series, ts, number FROM samples
            SEMI JOIN chunk ON s = series AND u = ts - ts % {unit} WHERE {span}"""
    )
    rows = 0
    for step in levels:
        table = schema.ROLLUPS[step]
        connection.execute(
            f"DELETE FROM {table} USING chunk WHERE series = s AND ts - ts % {unit} = u AND {span}"
        )
        rows += _count(connection, f"INSERT INTO {table} {statistics.roll_up('changed', step)}")
    samples = _count(connection, "SELECT count(*) FROM changed")
    connection.execute("DROP TABLE changed")
    return _Computed(rows, samples)


def load_latest(connection: Connection, catalog: Catalog) -> None:
    """Newest sample of each series: what was saved, and what came in hours that are still marked."""
    marked = f"""SEMI JOIN marks ON marks.series = t.series AND hour = ts - ts % {HOUR}
        WHERE ts >= (SELECT min(hour) FROM marks) GROUP BY t.series"""
    rows = connection.execute(
        f"""FROM (
            SELECT series, ts, number, text, flag, data, 0 AS age FROM latest
            UNION ALL
            SELECT t.series, max(ts), arg_max(number, ts), NULL, NULL, NULL, 1 FROM samples AS t {marked}
            UNION ALL
            SELECT series, ts, NULL, value.text, value.flag, value.data, 1 FROM (
                SELECT t.series, max(ts) AS ts, arg_max({{text: text, flag: flag, data: data}}, ts) AS value
                FROM others AS t {marked})
        ) ORDER BY series, ts, age"""
    ).fetchall()
    for series, ts, number, text, flag, data, _ in rows:
        is_number = number is not None
        catalog.renew(
            np.array([series], np.int32),
            np.array([ts], np.int64),
            np.array([number if is_number else np.nan], np.float64),
            {} if is_number else {series: other(text, flag, data)},
        )


def _save_latest(
    connection: Connection, ids: Ids, times: Ints, numbers: Floats, others: dict[int, Other]
) -> None:
    connection.register("touched", {"s": ids})
    connection.execute("DELETE FROM latest USING touched WHERE series = s")
    connection.unregister("touched")
    plain = ~np.isin(ids, list(others)) & (times != NEVER)
    columns = {"s": ids[plain], "t": times[plain], "v": numbers[plain]}
    connection.register("columns", columns)
    connection.execute("INSERT INTO latest SELECT s, t, v, NULL, NULL, NULL FROM columns")
    connection.unregister("columns")
    if others:
        when = dict(zip(ids.tolist(), times.tolist(), strict=True))
        connection.execute(
            """INSERT INTO latest SELECT unnest($s::INTEGER[]), unnest($t::BIGINT[]), NULL,
                 unnest($x::VARCHAR[]), unnest($f::BOOLEAN[]), unnest($d::BLOB[])""",
            {"s": list(others), "t": [when[i] for i in others], **columns_of(list(others.values()))},
        )


def _count(connection: Connection, statement: str) -> int:
    row = first(connection, statement)
    return int(row[0]) if row else 0
