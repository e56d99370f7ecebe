"""Roll-ups: the server computes them, we write them back, for InfluxDB 2 and 3 have no SELECT INTO."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from contracts.instants import DAY, HOUR, MINUTE, floor
from contracts.series import Selector, Series, Statistic
from store.influx import ql
from store.influx.http import Server
from store.influx.lines import Lines, Writer, key
from store.influx.marks import SETTLED, Marks
from store.influx.reading import Reading
from store.port import GRACE

_STATISTICS: Final = (
    Statistic.COUNT,
    Statistic.SUM,
    Statistic.MIN,
    Statistic.MAX,
    Statistic.P50,
    Statistic.P95,
    Statistic.P99,
)
_ALL: Final = Selector()
_ROWS: Final = 50_000  # of roll-ups computed at a time, about
_WIDEST: Final = 48  # hours or days at a time


class RollUps:
    """Run by one process at a time."""

    def __init__(self, server: Server, reading: Reading, marks: Marks, writer: Writer) -> None:
        self._server = server
        self._reading = reading
        self._marks = marks
        self._writer = writer

    def run(self, now: int) -> int:
        """Roll up what closed since the last time, then what changed late; return the rows computed."""
        rows = self._closed("rolled", (MINUTE, 15 * MINUTE, HOUR), HOUR, floor(now - GRACE, HOUR))
        rows += self._closed("rolled_day", (DAY,), DAY, floor(now - GRACE, DAY))
        return rows + self._late(now - SETTLED)

    def _closed(self, name: str, levels: tuple[int, ...], unit: int, end: int) -> int:
        """Hours or days from where the last run ended."""
        state = self._marks.state()
        start = max(state.get(name, 0), state.get("floor_telemetry", 0))
        rows, width = 0, unit
        while start < end and (first := self._first(start, end)) is not None:
            start = floor(first, unit)
            stop = min(start + width, end)
            computed = sum(self._compute(_ALL, start, stop, level) for level in levels)
            width = unit * min(_WIDEST, max(1, _ROWS * (stop - start) // (unit * max(1, computed))))
            rows += computed
            start = stop
            self._marks.remember(name, start)
        if state.get(name, 0) < end:
            self._marks.remember(name, end)
        return rows

    def _first(self, start: int, end: int) -> int | None:
        """Time of the first number in a span."""
        (tables,) = self._server.query(f"SELECT first(v) FROM {ql.SAMPLES} WHERE {ql.span(start, end)}")
        return min((int(table.values[0][0]) for table in tables), default=None)

    def _late(self, before: int) -> int:
        """Hours that changed after they had closed; each level that was rolled up already."""
        state = self._marks.state()
        reached = state.get("rolled_day", 0)
        marks = self._marks.read(_ALL, 0, before, before)
        by_hour: defaultdict[int, set[Series]] = defaultdict(set)
        by_day: defaultdict[int, set[Series]] = defaultdict(set)
        for series, hour in marks:
            if hour < state.get("floor_telemetry", 0):  # its other samples have expired
                continue
            by_hour[hour].add(series)
            if floor(hour, DAY) < reached:
                by_day[floor(hour, DAY)].add(series)
        rows = 0
        for hour, changed in sorted(by_hour.items()):
            for level in (MINUTE, 15 * MINUTE, HOUR):
                rows += self._again(changed, hour, hour + HOUR, level)
        for day, changed in sorted(by_day.items()):
            rows += self._again(changed, day, day + DAY, DAY)
        if marks:
            self._marks.settle(before)
        return rows

    def _again(self, changed: set[Series], start: int, end: int, level: int) -> int:
        for series in changed:
            if (
                series.metric in self._writer.typed
            ):  # what was a number may be none now: its bucket may be empty
                self._server.query(
                    f"DELETE FROM {ql.source([series.metric], level)} "
                    f"WHERE {ql.span(start, end)}{ql.exactly(series)}"
                )
        selector = Selector(
            devices=tuple(sorted({series.device for series in changed})),
            metrics=tuple(sorted({series.metric for series in changed})),
        )
        return self._compute(selector, start, end, level)

    def _compute(self, selector: Selector, start: int, end: int, level: int) -> int:
        found = self._reading.of_samples(selector, start, end, level, _STATISTICS)
        lines = []
        for series, counts in found[Statistic.COUNT].items():
            begin = key(series, f"{series.metric}_{ql.LABELS[level]}")
            for bucket, count in counts.items():
                rest = ",".join(f"{one}={found[one][series][bucket]!r}" for one in _STATISTICS[1:])
                lines.append(f"{begin} count={int(count)}i,{rest} {bucket}")
        self._server.write(Lines.of(lines))
        return len(lines)
