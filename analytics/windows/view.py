"""What is known of closed windows: columns of panes, and which panes each window spans.

Each figure follows from the samples of the window alone: how they were cut into batches does not show in the
last bit of a float, for a pane is summed once, when it is closed, in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from analytics.tracks import Mask, Numbers, Rows, Times

_EDGES: Final = ("first_time", "first", "last_time", "last")
COUNTED: Final = ("count", "bad", "flips", "rise")  # of these a pane's share is added up
COLUMNS: Final = (*COUNTED, "sum", "min", "max", *_EDGES)


class Closed(NamedTuple):
    """Windows that are over, in order of (row, end)."""

    rows: Rows
    ends: Times  # µs UTC
    view: View


class View:
    """`columns`: of panes in order of (row, pane); window i spans the panes low[i] ≤ p < high[i]."""

    def __init__(
        self, columns: Mapping[str, Numbers], low: Rows, high: Rows, starts: Callable[[int], Rows]
    ) -> None:
        """`starts`: first pane of each window, were it but so many panes long."""
        self.columns = columns
        self._low, self._high, self._starts = low, high, starts

    def __len__(self) -> int:
        return len(self._high)

    def total(self, name: str, panes: int | None = None) -> Numbers:
        """Sum over each window, or its last panes; of `rise` and `flips` with the steps between panes."""
        low = self._low if panes is None else self._starts(panes)
        found = _reduce(np.add, self.columns[name], low, self._high)
        if name in ("rise", "flips"):
            found += _reduce(np.add, self.columns[f"{name}_in"], low + 1, self._high)
        return found

    def least(self) -> Numbers:
        """Smallest value of each window."""
        return _reduce(np.minimum, self.columns["min"], self._low, self._high)

    def most(self) -> Numbers:
        """Greatest value of each window."""
        return _reduce(np.maximum, self.columns["max"], self._low, self._high)

    def first(self, name: str) -> Numbers:
        """`first` or `first_time` of each window."""
        return self.columns[name][self._low]

    def final(self, name: str) -> Numbers:
        """`last` or `last_time` of each window."""
        return self.columns[name][self._high - 1]


def _reduce(how: np.ufunc, values: Numbers, low: Rows, high: Rows) -> Numbers:
    """Over values[low:high] of each; 0 where that is empty."""
    if not len(low):
        return np.empty(0, np.float64)
    empty = low >= high
    padded = np.append(values, 0.0)
    pairs = np.stack([np.where(empty, 0, low), np.where(empty, 1, high)], axis=1).ravel()
    found: Numbers = how.reduceat(padded, pairs)[::2]
    return np.where(empty, 0.0, found)


def summed(times: Times, values: Numbers, first: Mask, limit: float) -> dict[str, Numbers]:
    """Columns of panes of samples in order; `first`: where a pane begins; `limit`: between bad and good.

    What steps over from the pane before stands in `…_in`, and counts where that pane is in the window.
    """
    starts = np.flatnonzero(first)
    if not len(starts):
        return {name: np.empty(0, np.float64) for name in COLUMNS}
    ends = np.append(starts[1:], len(times)) - 1
    bad = (values > limit).astype(np.float64)
    step = np.zeros(len(values))
    step[1:] = values[1:] - values[:-1]
    rise = np.where(step < 0, values, step)  # a counter that fell was started anew
    flips = np.zeros(len(values))
    flips[1:] = bad[1:] != bad[:-1]
    inside = ~first
    return {
        "count": (ends - starts + 1).astype(np.float64),
        "bad": np.add.reduceat(bad, starts),
        "flips": np.add.reduceat(np.where(inside, flips, 0.0), starts),
        "rise": np.add.reduceat(np.where(inside, rise, 0.0), starts),
        "sum": np.add.reduceat(values, starts),
        "min": np.minimum.reduceat(values, starts),
        "max": np.maximum.reduceat(values, starts),
        "first_time": times[starts].astype(np.float64),  # exact up to the year 2255
        "first": values[starts],
        "last_time": times[ends].astype(np.float64),
        "last": values[ends],
    }


def stepped(columns: dict[str, Numbers], new_row: Mask, limit: float) -> dict[str, Numbers]:
    """With what steps over from each pane to the next of its row, where `rise` or `flips` asks for it."""
    if not columns.keys() & {"rise", "flips"}:
        return columns
    step = np.zeros(len(new_row))
    flips = np.zeros(len(new_row))
    first, last = columns["first"], columns["last"]
    step[1:] = first[1:] - last[:-1]
    flips[1:] = (first[1:] > limit) != (last[:-1] > limit)
    rise = np.where(step < 0, first, step)
    return {**columns, "rise_in": np.where(new_row, 0, rise), "flips_in": np.where(new_row, 0, flips)}
