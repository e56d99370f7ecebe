"""What the roll-ups need to know, kept in the bucket itself: workers share it.

`imm_state`: how far roll-ups reach, from when samples are kept. `imm_late`: a point for each (series, hour)
that changed after its hour had closed, at the time of the change.
"""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

import numpy as np

from contracts.instants import HOUR, SECOND
from contracts.series import Block, Selector, Series
from store.influx import ql
from store.influx.http import Server
from store.influx.lines import Lines, key
from store.port import GRACE
from store.steps import whole

LATE: Final = "imm_late"
STATE: Final = "imm_state"
_AGAIN: Final = 30 * SECOND  # after so long the same hour is marked anew, should it change again
SETTLED: Final = (
    60 * SECOND
)  # older marks speak of writes that have ended: more than _AGAIN and a request's time


class Mark(NamedTuple):
    """A closed hour of a series that changed."""

    series: Series
    hour: int  # µs UTC at its start


class Marks:
    """Shared by the writer, the reader and the roll-ups."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._recent: dict[Mark, int] = {}
        self._at = 0  # time of the newest mark
        self._lock = threading.Lock()

    def lines(self, block: Block, now: int) -> list[str]:
        """Lines that mark the closed hours which the block changes."""
        times = np.frombuffer(block.times, np.int64)
        hours = times - times % HOUR
        late = np.flatnonzero(hours + HOUR + GRACE // 2 <= now)
        if not len(late):
            return []
        index = np.frombuffer(block.index, np.int32)
        codes = np.unique(
            index[late].astype(np.int64) << 32 | hours[late] // HOUR
        )  # sorts 20 times as fast as pairs
        pairs = [(code >> 32, (code & 0xFFFF_FFFF) * HOUR) for code in codes.tolist()]
        lines = []
        with self._lock:
            if len(self._recent) > 100_000:
                self._recent = {mark: at for mark, at in self._recent.items() if now - at < _AGAIN}
            for place, hour in pairs:
                mark = Mark(block.series[place], hour)
                if now - self._recent.get(mark, 0) < _AGAIN:
                    continue
                self._recent[mark] = now
                self._at = max(now, self._at + 1)  # keeps two hours of one series apart
                start = key(mark.series, LATE).replace(",site=", f",metric={mark.series.metric},site=", 1)
                lines.append(f"{start} hour={hour}i {self._at}")
        return lines

    def forget(self) -> None:
        """A write failed: its marks may not be there."""
        with self._lock:
            self._recent.clear()

    def read(self, selector: Selector, start: int, end: int, before: int | None = None) -> list[Mark]:
        """Marks of the selected series with start ≤ hour < end, made before an instant."""
        limit = f" AND time < {before}u" if before is not None else ""
        metrics = "|".join(metric.replace("/", "\\/").replace(".", "\\.") for metric in selector.metrics)
        chosen = f' AND "metric" =~ /^({metrics})$/' if metrics else ""
        (tables,) = self._server.query(
            f"SELECT hour FROM {LATE} WHERE hour >= {start} AND hour < {end}"
            f"{limit}{chosen}{ql.tags(selector)} "
            f'GROUP BY {ql.BY}, "metric"'
        )
        found = {
            Mark(ql.series(table.tags["metric"], {**table.tags}), int(hour))
            for table in tables
            for _, hour in table.values
        }
        return sorted(found, key=lambda mark: mark.hour)

    def settle(self, before: int) -> None:
        """The marks made before an instant are worked off."""
        self._server.query(f"DELETE FROM {LATE} WHERE time < {before}u")

    def state(self) -> dict[str, int]:
        """Named instants; absent ones are 0."""
        (tables,) = self._server.query(f"SELECT * FROM {STATE}")
        found: dict[str, int] = {}
        for table in tables:
            for row in table.values:
                found |= {
                    name: int(value)
                    for name, value in zip(table.columns[1:], row[1:], strict=True)
                    if value is not None
                }
        return found

    def remember(self, name: str, value: int) -> None:
        """Set one named instant."""
        self._server.write(Lines.of([f"{STATE} {name}={value}i 0"]))


def stretches(marks: list[Mark], step: int, apart: int) -> list[tuple[int, int, list[Mark]]]:
    """Marks gathered into stretches of whole steps; those further apart than a limit are kept apart."""
    found: list[tuple[int, int, list[Mark]]] = []
    for mark in marks:
        start, end = whole(mark.hour, mark.hour + HOUR, step)
        if found and start - found[-1][1] <= apart:
            first, last, gathered = found[-1]
            found[-1] = (first, max(last, end), [*gathered, mark])
        else:
            found.append((start, end, [mark]))
    return found
