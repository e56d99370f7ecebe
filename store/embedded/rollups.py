"""Bringing roll-ups up to date: marked hours, then marked days, each level from samples."""

from __future__ import annotations

from typing import Final

import numpy as np

from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Other
from store.embedded import schema, statistics
from store.embedded.catalog import NEVER, Catalog, Floats, Ids, Ints
from store.embedded.file import Connection, File
from store.embedded.marks import Marks
from store.embedded.samples import columns_of, other
from store.port import GRACE

_CHUNK: Final = 2_000  # series-hours in one transaction: some 7 M samples at one a second


class RollUps:
    """Runs beside the writer; one call at a time."""

    def __init__(self, file: File, catalog: Catalog, marks: Marks) -> None:
        self._file = file
        self._catalog = catalog
        self._marks = marks

    def run(self, now: int) -> int:
        """Roll up everything that is closed and marked; return the rows computed."""
        rows = self._hours(now - HOUR - GRACE + 1)
        while (count := self._days(now - DAY - GRACE + 1)) is not None:
            rows += count
        return rows

    def _hours(self, before: int) -> int:
        """Marked hours that start before an instant."""
        with self._file.turn():
            ids, hours = self._marks.take(before)
        rows = done = 0
        try:
            while done < len(ids):
                part = slice(done, done + _CHUNK)
                rows += self._chunk(ids[part], hours[part])
                done += _CHUNK
        finally:
            if done < len(ids):
                with self._file.turn():
                    self._marks.put_back(ids[done:], hours[done:])
        return rows

    def _chunk(self, ids: Ids, hours: Ints) -> int:
        touched = np.unique(ids)
        with self._file.beside() as connection:
            with self._file.turn():
                seq = self._marks.seq
                latest = self._catalog.copy_latest(touched)
                connection.execute(
                    "SELECT count(*) FROM version"
                ).fetchall()  # the snapshot is of this moment
            rows = self._compute(connection, ids, hours, seq)
            _save_latest(connection, touched, *latest)
        return rows

    def _compute(self, connection: Connection, ids: Ids, hours: Ints, seq: int) -> int:
        first, end = int(hours.min()), int(hours.max()) + HOUR
        connection.register("chunk", {"s": ids, "h": hours})
        source = f"""(SELECT series, ts, number FROM samples
            SEMI JOIN chunk ON s = series AND h = ts - ts % {HOUR}
            WHERE ts >= {first} AND ts < {end})"""
        rows = 0
        for step in (MINUTE, 15 * MINUTE, HOUR):
            table = schema.ROLLUPS[step]
            connection.execute(
                f"DELETE FROM {table} USING chunk WHERE series = s AND ts - ts % {HOUR} = h "
                f"AND ts >= {first} AND ts < {end}"
            )
            rows += _count(connection, f"INSERT INTO {table} {statistics.roll_up(source, step)}")
        connection.execute(
            "DELETE FROM marks USING chunk WHERE series = s AND hour = h AND seq <= $seq", {"seq": seq}
        )
        connection.execute(
            f"""INSERT INTO day_marks SELECT DISTINCT s, h - h % {DAY} AS d FROM chunk
                WHERE NOT EXISTS (FROM day_marks WHERE series = s AND day = h - h % {DAY})"""
        )
        connection.unregister("chunk")
        return rows

    def _days(self, before: int) -> int | None:
        """One day's chunk of marked series; None where there is none."""
        with self._file.beside() as connection:
            found = connection.execute("SELECT min(day) FROM day_marks WHERE day < ?", [before]).fetchone()
            if not found or found[0] is None:
                return None
            day: int = found[0]
            table = schema.ROLLUPS[DAY]
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE chunk AS "
                "SELECT DISTINCT series AS s FROM day_marks WHERE day = ? ORDER BY s LIMIT ?",
                [day, _CHUNK // 24],
            )
            of_day = f"series IN (SELECT s FROM chunk) AND ts >= {day} AND ts < {day + DAY}"
            connection.execute(f"DELETE FROM {table} WHERE {of_day}")
            source = f"(SELECT series, ts, number FROM samples WHERE {of_day})"
            rows = _count(connection, f"INSERT INTO {table} {statistics.roll_up(source, DAY)}")
            connection.execute(
                "DELETE FROM day_marks WHERE day = ? AND series IN (SELECT s FROM chunk)", [day]
            )
            connection.execute("DROP TABLE chunk")
            return rows


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
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
