"""Sorting closed days by series, so that a series' samples lie together; in slices: writers hardly wait."""

from __future__ import annotations

from typing import Final

from contracts.instants import DAY, HOUR
from store.embedded.file import Connection, File, first

_SLICE: Final = 500_000  # samples moved in one of the writer's turns: some 0.2 s
_LEAST: Final = 122_880  # one row group: fewer unsorted samples cost a reader nothing
_CLOSED: Final = 2 * HOUR  # after a day's end most of it has come


class Compaction:
    """Runs in the writer's turn."""

    def __init__(self, file: File) -> None:
        self._file = file

    def run(self, now: int, *, most: int = 1) -> int:
        """Sort up to `most` days that closed and have enough unsorted samples; return the samples moved."""
        moved = 0
        for day in self._days(now)[:most]:
            moved += self._sort(day)
        return moved

    def _days(self, now: int) -> list[int]:
        last = now - _CLOSED - DAY
        with self._file.reading() as cursor:
            rows = cursor.execute(
                f"""SELECT day FROM (SELECT ts AS day, sum(count) AS rows FROM rollup_day GROUP BY day)
                    LEFT JOIN sorted_days USING (day)
                    WHERE day <= ?
                      AND day >= (SELECT coalesce(max(before), 0) FROM floors WHERE channel = 'telemetry')
                      AND rows - coalesce(samples, 0) > greatest({_LEAST}, rows // 10)
                    ORDER BY day""",
                [last],
            ).fetchall()
        return [row[0] for row in rows]

    def _sort(self, day: int) -> int:
        moved, after = 0, -1
        while True:
            with self._file.writing() as connection:
                last = _reach(connection, day, after)
                if last is None:
                    break
                where = f"ts >= {day} AND ts < {day + DAY} AND series > {after} AND series <= {last}"
                connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE slice AS FROM samples WHERE {where} ORDER BY series, ts"
                )
                connection.execute(f"DELETE FROM samples WHERE {where}")
                row = first(connection, "INSERT INTO samples FROM slice")
                connection.execute("DROP TABLE slice")
                moved += row[0] if row else 0
                after = last
        with self._file.writing() as connection:
            connection.execute("DELETE FROM sorted_days WHERE day = ?", [day])
            connection.execute("INSERT INTO sorted_days VALUES (?, ?)", [day, moved])
        return moved


def _reach(connection: Connection, day: int, after: int) -> int | None:
    """The last series of the next slice."""
    row = first(
        connection,
        f"""SELECT coalesce(max(series) FILTER (so_far <= {_SLICE}), min(series)) FROM (
              SELECT series, sum(count(*)) OVER (ORDER BY series) AS so_far FROM samples
              WHERE ts >= {day} AND ts < {day + DAY} AND series > {after} GROUP BY series)""",
    )
    return row[0] if row else None
