"""Samples of windows that are not closed yet."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from analytics.tracks import NEVER, Mask, Numbers, Rows, Times

MOST: Final = 4_096  # samples of a series that may wait; more are left out and counted


class Held(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What waits of one series, as it is kept: little-endian columns."""

    seen: int  # µs UTC
    front: int
    times: bytes
    values: bytes
    panes: bytes = b""  # numbers of the closed panes that later windows still need
    columns: bytes = b""  # and their figures


class Waiting:
    """Flat columns, with how far each row is."""

    def __init__(self) -> None:
        self.seen: Times = np.empty(0, np.int64)  # newest sample of each row
        self.front: Times = np.empty(0, np.int64)  # what is older belongs to a window that is closed
        self.held: Rows = np.empty(0, np.intp)  # how many samples of each row wait
        self.crowded = 0  # samples left out because too many waited
        self.rows: Rows = np.empty(0, np.intp)
        self.times: Times = np.empty(0, np.int64)
        self.values: Numbers = np.empty(0, np.float64)
        self._new: list[tuple[Rows, Times, Numbers]] = []

    def grow(self, rows: int) -> int:
        """Make room for so many rows; return how many were added."""
        more = max(rows - len(self.seen), 0)
        if more:
            more = max(more, 64, len(self.seen))
            self.seen = np.concatenate([self.seen, np.full(more, NEVER, np.int64)])
            self.front = np.concatenate([self.front, np.full(more, NEVER, np.int64)])
            self.held = np.concatenate([self.held, np.zeros(more, np.intp)])
        return more

    def add(self, rows: Rows, times: Times, values: Numbers) -> tuple[Rows, Times]:
        """Let samples wait, in the order of their arrival; return rows and times of those taken."""
        if len(rows) and int(self.held[rows].max()) + len(rows) > MOST:
            order = np.argsort(rows, kind="stable")
            starts = np.searchsorted(rows[order], rows[order])
            place = np.empty(len(rows), np.intp)
            place[order] = np.arange(len(rows)) - starts
            room = self.held[rows] + place < MOST
            self.crowded += int((~room).sum())
            np.maximum.at(self.seen, rows, times)
            rows, times, values = rows[room], times[room], values[room]
        self.lay(rows, times, values)
        return rows, times

    def lay(self, rows: Rows, times: Times, values: Numbers) -> None:
        """Let samples wait, however many."""
        self._new.append((rows, times, values))
        np.maximum.at(self.seen, rows, times)
        np.add.at(self.held, rows, 1)

    def drop(self, due: Rows) -> None:
        """Forget what waits of rows."""
        self.all()
        gone = np.isin(self.rows, due)
        self.rows, self.times, self.values = self.rows[~gone], self.times[~gone], self.values[~gone]
        self.held[due] = 0

    def part(self, chosen: Mask) -> tuple[Rows, Times, Numbers]:
        """Take out chosen samples of `all`: by (row, time), one an instant, the last that came."""
        rows, times, values = self.rows[chosen], self.times[chosen], self.values[chosen]
        left = ~chosen
        self.rows, self.times, self.values = self.rows[left], self.times[left], self.values[left]
        np.subtract.at(self.held, rows, 1)
        return in_order(rows, times, values)

    def put(self, rows: Rows, times: Times, values: Numbers) -> None:
        """Put back what was taken out and is not closed."""
        np.add.at(self.held, rows, 1)
        self._new.insert(0, (rows, times, values))

    def all(self) -> None:
        """Join what has come to `rows`, `times` and `values`."""
        if self._new:
            parts = [(self.rows, self.times, self.values), *self._new]
            self.rows = np.concatenate([part[0] for part in parts])
            self.times = np.concatenate([part[1] for part in parts])
            self.values = np.concatenate([part[2] for part in parts])
            self._new = []

    def save(self) -> dict[int, Held]:
        """Of each row that was ever seen, what waits."""
        self.all()
        order = np.argsort(self.rows, kind="stable")
        known = np.flatnonzero(self.seen != NEVER)
        lows = np.searchsorted(self.rows[order], known)
        highs = np.searchsorted(self.rows[order], known, side="right")
        times, values = self.times[order], self.values[order]
        return {
            int(row): Held(
                seen=int(self.seen[row]),
                front=int(self.front[row]),
                times=times[low:high].tobytes(),
                values=values[low:high].tobytes(),
            )
            for row, low, high in zip(known, lows, highs, strict=True)
        }

    def restore(self, row: int, held: Held) -> None:
        """Inverse of `save`, for one row."""
        times = np.frombuffer(held.times, np.int64)
        rows = np.full(len(times), row, np.intp)
        self._new.append((rows, times, np.frombuffer(held.values, np.float64)))
        self.seen[row], self.front[row], self.held[row] = held.seen, held.front, len(times)


def in_order(rows: Rows, times: Times, values: Numbers) -> tuple[Rows, Times, Numbers]:
    """By (row, time), one an instant: the last of them."""
    order = np.lexsort((times, rows))
    rows, times, values = rows[order], times[order], values[order]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = (rows[1:] != rows[:-1]) | (times[1:] != times[:-1])
    return rows[last], times[last], values[last]
