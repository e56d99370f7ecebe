"""What is remembered of each series that a rule watches, and how new samples move it. All series at once.

A sample is of class +1 (wrong), -1 (well) or 0 (neither). A series fires once it was wrong for `hold` without
a break, and is cleared once it was well for `hold` without a break. Moves depend on the samples alone, not on
how they were cut into batches.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.instants import MINUTE
from contracts.series import Series

Times = NDArray[np.int64]  # µs UTC
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Classes = NDArray[np.int8]

UPDATE: Final = 5 * MINUTE  # while it fires, a wrong sample in a new one of these steps is told
SPAN: Final = 10 * MINUTE  # of sample time: at least so far back, late samples are judged in their order
NEVER: Final = int(np.iinfo(np.int64).min)


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the samples decided something."""

    raised: Mask
    updated: Mask
    cleared: Mask
    since: Times  # when the run of equal class that each sample belongs to began


Point = tuple[int, int, int, bool]  # last, since, cls, firing of one row


class Saved(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One series' memory, as it is kept."""

    series: Series
    last: int
    since: int
    cls: int
    firing: bool
    older: Point | None = None
    newer: Point | None = None
    said: list[tuple[int, bool]] = []  # since `older`: when it was raised (true) and cleared
    kept: bytes = b""  # what the windows of its rule remember


class States:
    """Columns, a row a series."""

    def __init__(self) -> None:
        self.last: Times = np.empty(0, np.int64)  # newest sample seen
        self.since: Times = np.empty(0, np.int64)  # when the current run of equal class began
        self.cls: Classes = np.empty(0, np.int8)
        self.firing: Mask = np.empty(0, np.bool_)

    def grow(self, more: int) -> None:
        """Add rows of which nothing is known."""
        self.last = np.concatenate([self.last, np.full(more, NEVER, np.int64)])
        self.since = np.concatenate([self.since, np.zeros(more, np.int64)])
        self.cls = np.concatenate([self.cls, np.zeros(more, np.int8)])
        self.firing = np.concatenate([self.firing, np.zeros(more, np.bool_)])

    def copy(self, rows: Rows, source: States) -> None:
        """Make rows what they are in another's columns."""
        self.last[rows] = source.last[rows]
        self.since[rows] = source.since[rows]
        self.cls[rows] = source.cls[rows]
        self.firing[rows] = source.firing[rows]

    def point(self, row: int) -> Point | None:
        """One row; None where nothing is known."""
        if self.last[row] == NEVER:
            return None
        return int(self.last[row]), int(self.since[row]), int(self.cls[row]), bool(self.firing[row])

    def put(self, row: int, point: Point | None) -> None:
        """Inverse of `point`."""
        if point is not None:
            self.last[row], self.since[row], self.cls[row], self.firing[row] = point


class Tracks(States):
    """What is so now, and what was so `span` to twice `span` ago, for samples that come late."""

    def __init__(self, span: int = SPAN) -> None:
        super().__init__()
        self.series: list[Series] = []
        self.older = States()
        self.newer = States()
        self._span = span
        self._rows: dict[Series, int] = {}

    def __len__(self) -> int:
        return len(self.series)

    def rewound(self, rows: Rows) -> Tracks:
        """A copy whose rows are as they were at `older`; what becomes of it changes nothing here."""
        past = Tracks(self._span)
        past.series = self.series
        for states in (past, past.older, past.newer):
            states.grow(len(self.last))
        past.copy(rows, self.older)
        return past

    def row(self, series: Series) -> int:
        """The series' row, added where it is new."""
        row = self._rows.get(series)
        if row is None:
            row = self._rows[series] = len(self.series)
            self.series.append(series)
            if row == len(self.last):
                self._grow()
        return row

    def find(self, series: Series) -> int | None:
        """The series' row, or None where it was never seen."""
        return self._rows.get(series)

    def newest(self, series: Series) -> int:
        """Time of the newest sample seen of a series; NEVER where there is none."""
        row = self._rows.get(series)
        return NEVER if row is None else int(self.last[row])

    def _grow(self) -> None:
        more = max(64, len(self.last))
        for states in (self, self.older, self.newer):
            states.grow(more)

    def move(self, rows: Rows, times: Times, classes: Classes, hold: int, calm: int | None = None) -> Moves:
        """Take samples in order of (row, time), each newer than `last` of its row; `hold` in µs.

        `calm`: how long it must be well to be cleared (µs); as long as `hold` where not given.
        """
        count = len(rows)
        if not count:
            none = np.empty(0, np.bool_)
            return Moves(raised=none, updated=none, cleared=none, since=np.empty(0, np.int64))
        places = np.arange(count)
        first = np.ones(count, np.bool_)
        first[1:] = rows[1:] != rows[:-1]
        start = np.maximum.accumulate(np.where(first, places, 0))

        before_cls = _shifted(classes, self.cls[rows], first)
        fresh = classes != before_cls
        began = np.where(fresh, times, self.since[rows])
        since = began[np.maximum.accumulate(np.where(fresh | first, places, 0))]

        wanted = hold if calm is None else np.where(classes > 0, hold, calm)
        ripe = (classes != 0) & (times - since >= wanted)
        last_ripe = np.maximum.accumulate(np.where(ripe, places, -1))
        previous = np.concatenate([[-1], last_ripe[:-1]])
        firing = np.where(previous >= start, classes[previous] > 0, self.firing[rows])
        raised = ripe & (classes > 0) & ~firing
        cleared = ripe & (classes < 0) & firing

        before_time = _shifted(times, self.last[rows], first)
        updated = firing & (classes > 0) & (times // UPDATE != before_time // UPDATE)

        self._begin(rows[first], times[first])
        ends = np.append(np.flatnonzero(first[1:]), count - 1)
        at = rows[ends]
        self.last[at] = times[ends]
        self.since[at] = since[ends]
        self.cls[at] = classes[ends]
        self.firing[at] = np.where(
            last_ripe[ends] >= start[ends], classes[last_ripe[ends]] > 0, self.firing[at]
        )
        aged = at[self.newer.last[at] <= self.last[at] - self._span]
        known = aged[self.newer.last[aged] != NEVER]
        self.older.copy(known, self.newer)
        self.newer.copy(aged, self)
        return Moves(raised=raised, updated=updated, cleared=cleared, since=since)

    def _begin(self, rows: Rows, times: Times) -> None:
        """Remember what was before the first samples of rows; others may have been taken before them."""
        fresh = self.newer.last[rows] == NEVER
        self.older.copy(rows[fresh], self)
        unseen = fresh & (self.last[rows] == NEVER)
        self.older.last[rows[unseen]] = times[unseen] - self._span

    def save(self) -> list[Saved]:
        """All rows, to be kept."""
        return [
            Saved(
                series=series,
                last=int(self.last[row]),
                since=int(self.since[row]),
                cls=int(self.cls[row]),
                firing=bool(self.firing[row]),
                older=self.older.point(row),
                newer=self.newer.point(row),
            )
            for row, series in enumerate(self.series)
        ]

    def restore(self, saved: list[Saved], *, timers: bool) -> None:
        """Take rows back; without their hold `timers` where another content of the rule ran them."""
        for one in saved:
            row = self.row(one.series)
            self.last[row] = one.last
            self.firing[row] = one.firing
            if timers:
                self.since[row] = one.since
                self.cls[row] = one.cls
                self.older.put(row, one.older)
                self.newer.put(row, one.newer)


def _shifted(values: NDArray, start: NDArray, first: Mask) -> NDArray:  # type: ignore[type-arg]
    """Each sample's predecessor in its series: the one before it, or what is remembered of the series."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    return np.where(first, start, before)
