"""What is known of the devices of groups, for one number that a rule asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from analytics import kinds
from analytics.tracks import NEVER, Numbers, Rows, Saved, Times
from analytics.windows import Panes
from contracts.instants import SECOND
from contracts.rules import Input
from contracts.series import Series

_MOST: Final = 500_000  # series whose place is remembered, before all are looked at anew


class Heard(NamedTuple):
    """What series said, each at the end of a window."""

    groups: Rows
    ends: Times
    values: Numbers
    series: list[Series]


class Members:
    """Rows are series, each of one group."""

    def __init__(self, asked: Input, step: int) -> None:
        """`step` in µs."""
        self.input = asked
        size = round(asked.over * SECOND / step) * step
        self.panes = Panes(size=size, step=step, needs=kinds.NEEDS[asked.of])
        self.places: dict[Series, int] = {}
        self.minute = 0  # of the roster by which the places were found
        self._series: list[Series] = []
        self._rows: dict[tuple[Series, int], int] = {}
        self._groups: list[int] = []

    def rows(self, series: Sequence[Series], place: Callable[[Members, Series], int]) -> Rows:
        """Row of each series; -1 where `place` knows no group for it."""
        if len(self.places) > _MOST:
            self.places.clear()
        found = np.empty(len(series), np.intp)
        for number, one in enumerate(series):
            row = self.places.get(one)
            if row is None:
                group = place(self, one)
                row = self.places[one] = -1 if group < 0 else self._row(one, group)
            found[number] = row
        return found

    def groups_of(self, rows: Rows) -> Rows:
        """The group of each row."""
        return np.array(self._groups, np.intp)[rows]

    def close(self, bound: Times) -> Heard:
        """What ended by an instant of each group."""
        rows = np.arange(len(self._series))
        groups = self.groups_of(rows)
        rows = rows[bound[groups] != NEVER]
        closed = self.panes.until(rows, bound[groups[rows]])
        at = closed.rows
        values = kinds.statistic(self.input.of, closed.view)
        return Heard(groups[at], closed.ends, values, [self._series[row] for row in at.tolist()])

    def save(self, number: int) -> list[Saved]:
        """Rows to be kept, of the input of such a number."""
        return [
            Saved(
                series=self._series[row], last=self._groups[row], since=0, cls=number, firing=False, kept=raw
            )
            for row, raw in self.panes.save().items()
        ]

    def restore(self, saved: Saved) -> None:
        """Inverse of `save`, for one row."""
        self.panes.restore(self._row(saved.series, saved.last), saved.kept)

    def _row(self, series: Series, group: int) -> int:
        row = self._rows.get((series, group))
        if row is None:
            row = self._rows[series, group] = len(self._series)
            self._series.append(series)
            self._groups.append(group)
        return row
