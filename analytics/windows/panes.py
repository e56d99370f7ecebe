"""Tumbling and sliding windows: panes of `step`, counted from the epoch, and windows of so many panes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from analytics.tracks import NEVER, Numbers, Rows, Times
from analytics.windows.view import COLUMNS, Closed, View, stepped, summed
from analytics.windows.waiting import Held, Waiting

LONGEST: Final = 400  # panes of a window
_NONE: Final = int(np.iinfo(np.int64).max)


class Panes:
    """A window is closed by a sample of its own series from `lateness` after its end, or by `close`.

    Samples that come in any order before that are in their place. All of µs.
    """

    def __init__(
        self, *, size: int, step: int, lateness: int = 0, limit: float = 0.0, needs: Sequence[str] = COLUMNS
    ) -> None:
        """`limit`: above it a value counts as bad; `needs`: columns that will be asked for."""
        self.reach = size  # samples so far before a window's end are in it
        self.step = step
        self.panes = size // step
        self._limit = limit
        self._lateness = lateness
        self._waiting = Waiting()
        self._due: Times = np.empty(0, np.int64)  # at which watermark a row has something to tell
        self._numbers: Times = np.empty((0, self.panes - 1), np.int64)  # closed panes, newest at the end
        steps = {"first", "last"} if {"rise", "flips"} & set(needs) else set()
        self._needs = [name for name in COLUMNS if name in {*needs, *steps}]
        self._kept: dict[str, Numbers] = {name: np.empty((0, self.panes - 1)) for name in self._needs}

    def fresh(self) -> Panes:
        """Another that knows nothing yet."""
        return Panes(
            size=self.reach, step=self.step, lateness=self._lateness, limit=self._limit, needs=self._needs
        )

    @property
    def crowded(self) -> int:
        """Samples that were left out because too many waited."""
        return self._waiting.crowded

    def front(self, rows: Rows) -> Times:
        """Of each row, since when samples are still in time."""
        self._grow(rows)
        return self._waiting.front[rows]

    def take(self, rows: Rows, times: Times, values: Numbers) -> Closed:
        """Samples in any order, none before its row's `front`."""
        self.lay(rows, times, values)
        touched = np.unique(rows)
        bound = self._waiting.seen[touched] - self._lateness
        due = self._due[touched] <= bound
        return self._close(touched[due], bound[due])

    def lay(self, rows: Rows, times: Times, values: Numbers) -> None:
        """Samples as for `take`, but nothing is closed by them."""
        self._grow(rows)
        rows_taken, times = self._waiting.add(rows, times, values)
        np.minimum.at(self._due, rows_taken, (times // self.step + 1) * self.step)

    def ripe(self, watermark: int) -> Rows:
        """Rows of which `until` that instant would tell."""
        return np.flatnonzero(self._due <= watermark)

    def until(self, rows: Rows, bound: Times) -> Closed:
        """Close windows of rows, ascending, that end by an instant each."""
        self._grow(rows)
        due = self._due[rows] <= bound
        return self._close(rows[due], bound[due])

    def overdue(self, watermark: int) -> bool:
        """Whether `close` would tell of something."""
        return bool((self._due <= watermark - self._lateness).any())

    def close(self, watermark: int) -> Closed:
        """Close what ended before an instant, less the lateness, though no newer sample came."""
        due = np.flatnonzero(self._due <= watermark - self._lateness)
        return self._close(due, np.full(len(due), watermark - self._lateness))

    def _grow(self, rows: Rows) -> None:
        more = self._waiting.grow(int(rows.max()) + 1 if len(rows) else 0)
        if more:
            self._due = np.concatenate([self._due, np.full(more, _NONE, np.int64)])
            pad = np.full((more, self.panes - 1), NEVER, np.int64)
            self._numbers = np.concatenate([self._numbers, pad])
            empty = np.zeros((more, self.panes - 1))
            self._kept = {name: np.concatenate([kept, empty]) for name, kept in self._kept.items()}

    def _close(self, due: Rows, bound: Times) -> Closed:
        """`due` ascending."""
        until = bound // self.step  # panes before it are over
        row, pane, columns = self._panes(due, until)
        rank = np.searchsorted(due, row)
        last = np.ones(len(row), np.bool_)
        last[:-1] = row[1:] != row[:-1]
        following = np.where(last, until[rank], np.append(pane[1:], 0)) if len(row) else pane
        told = np.where(self._waiting.front[row] == NEVER, NEVER, self._waiting.front[row] // self.step)
        begin = np.maximum(pane, told)
        counts = np.maximum(np.minimum(following, pane + self.panes) - begin, 0)
        of = np.repeat(np.arange(len(row)), counts)
        number = begin[of] + np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
        low = int(pane.min()) - LONGEST if len(pane) else 0
        width = (int(pane.max()) - low + LONGEST + 1) if len(pane) else 1
        keys = rank * width + (pane - low)

        def starts(panes: int) -> Rows:
            found: Rows = np.searchsorted(keys, rank[of] * width + (number - panes + 1 - low))
            return found

        ends = (number + 1) * self.step
        np.maximum.at(self._waiting.front, row[of], ends)
        self._keep(due, until, row, pane, columns)
        view = View(columns, starts(self.panes), of + 1, starts)
        return Closed(row[of], ends, view)

    def _panes(self, due: Rows, until: Times) -> tuple[Rows, Times, dict[str, Numbers]]:
        """Closed panes of rows, those kept and those just closed, in order."""
        waiting = self._waiting
        waiting.all()
        limits = np.full(len(waiting.seen), NEVER, np.int64)
        limits[due] = until * self.step
        rows, times, values = waiting.part(waiting.times < limits[waiting.rows])
        pane = times // self.step
        first = np.ones(len(rows), np.bool_)
        first[1:] = (rows[1:] != rows[:-1]) | (pane[1:] != pane[:-1])
        new = summed(times, values, first, self._limit)
        numbers = self._numbers[due]
        held = numbers != NEVER
        row = np.concatenate([np.repeat(due, held.sum(axis=1)), rows[first]])
        pane = np.concatenate([numbers[held], pane[first]])
        order = np.argsort(row, kind="stable")  # each half is in order, and what is kept lies before
        row, pane = row[order], pane[order]
        columns = {
            name: np.concatenate([kept[due][held], new[name]])[order] for name, kept in self._kept.items()
        }
        fresh_row = np.ones(len(row), np.bool_)
        fresh_row[1:] = row[1:] != row[:-1]
        return row, pane, stepped(columns, fresh_row, self._limit)

    def _keep(self, due: Rows, until: Times, row: Rows, pane: Times, columns: dict[str, Numbers]) -> None:
        """Of closed panes those that later windows need; and when a row has to tell of something again."""
        self._due[due] = _NONE
        waiting = self._waiting
        mine = np.isin(waiting.rows, due)
        np.minimum.at(self._due, waiting.rows[mine], (waiting.times[mine] // self.step + 1) * self.step)
        if self.panes == 1:
            return
        rank = np.searchsorted(due, row)
        place = np.arange(len(row)) - np.searchsorted(row, row, side="right") + self.panes - 1
        wanted = (place >= 0) & (pane + self.panes > until[rank])
        self._numbers[due] = NEVER
        self._numbers[row[wanted], place[wanted]] = pane[wanted]
        for name, kept in self._kept.items():
            kept[row[wanted], place[wanted]] = columns[name][wanted]
        again = row[wanted]
        np.minimum.at(self._due, again, (until[rank][wanted] + 1) * self.step)

    def redone(self, rows: Rows, other: Panes) -> None:
        """Take closed panes of rows as another found them; both have told up to the same window."""
        self._grow(rows)
        other._grow(rows)
        self._numbers[rows] = other._numbers[rows]
        for name, kept in self._kept.items():
            kept[rows] = other._kept[name][rows]
        some = rows[(self._numbers[rows] != NEVER).any(axis=1)]
        np.minimum.at(self._due, some, self._waiting.front[some] + self.step)

    def again(self, rows: Rows, times: Times, values: Numbers, until: Times, due: Rows) -> Closed:
        """All windows of rows `due` that end up to `until`; for one that is fresh."""
        self._grow(due)
        order = np.argsort(due)
        self._waiting.lay(rows, times, values)
        return self._close(due[order], until[order])

    def rest(self, due: Rows, rows: Rows, times: Times, values: Numbers) -> Closed:
        """Let just these samples of rows `due` wait."""
        self._waiting.drop(due)
        self._due[due] = _NONE
        some = due[(self._numbers[due] != NEVER).any(axis=1)]
        np.minimum.at(self._due, some, self._waiting.front[some] + self.step)
        return self.take(rows, times, values)

    def seen(self, row: int) -> int:
        """Time of the newest sample taken of a row."""
        return int(self._waiting.seen[row]) if row < len(self._waiting.seen) else NEVER

    def save(self) -> dict[int, bytes]:
        """What must survive a restart, by row."""
        held = self._waiting.save()
        rows = np.fromiter(held, np.intp, len(held))
        columns = np.stack([kept[rows] for kept in self._kept.values()], axis=2)
        numbers = self._numbers[rows]
        begins = (numbers == NEVER).sum(axis=1)
        return {
            row: msgspec.msgpack.encode(
                msgspec.structs.replace(
                    one, panes=numbers[place, begin:].tobytes(), columns=columns[place, begin:].tobytes()
                )
            )
            for place, (begin, (row, one)) in enumerate(zip(begins.tolist(), held.items(), strict=True))
        }

    def restore(self, row: int, raw: bytes) -> None:
        """Inverse of `save`, for one row."""
        held = msgspec.msgpack.decode(raw, type=Held)
        self._grow(np.array([row]))
        self._waiting.restore(row, held)
        times = np.frombuffer(held.times, np.int64)
        numbers = np.frombuffer(held.panes, np.int64)
        if len(times):
            self._due[row] = (int(times.min()) // self.step + 1) * self.step
        if len(numbers) and len(held.columns) == len(held.panes) * len(self._needs):  # else of other columns
            columns = np.frombuffer(held.columns, np.float64).reshape(-1, len(self._needs))
            self._numbers[row, self.panes - 1 - len(numbers) :] = numbers
            for place, kept in enumerate(self._kept.values()):
                kept[row, self.panes - 1 - len(numbers) :] = columns[:, place]
            self._due[row] = min(int(self._due[row]), held.front + self.step)
