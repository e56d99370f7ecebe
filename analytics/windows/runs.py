"""Session and count windows: runs of samples, each in one window."""

from __future__ import annotations

import msgspec
import numpy as np

from analytics.tracks import NEVER, Mask, Numbers, Rows, Times
from analytics.windows.view import Closed, View, stepped, summed
from analytics.windows.waiting import Held, Waiting


class Runs:
    """Samples wait until their window is closed; those older than a closed window are too late. All of µs.

    A session is over once a newer sample shows that `gap` passed without one, or by `close`; at multiples of
    `most` it is over in any case. A count window is over with its last sample.
    """

    def __init__(self, *, gap: int = 0, most: int = 0, samples: int = 0, lateness: int = 0) -> None:
        """Either `gap` and `most`, or `samples`."""
        self.reach = 0  # what came too late is not judged again: nothing tells where its window began
        self._gap, self._most, self._samples = gap, most, samples
        self._lateness = lateness
        self._waiting = Waiting()

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
        self._grow(rows)
        self._waiting.add(rows, times, values)
        touched = np.unique(rows)
        return self._close(touched, self._waiting.seen[touched] - self._lateness)

    def seen(self, row: int) -> int:
        """Time of the newest sample taken of a row."""
        return int(self._waiting.seen[row]) if row < len(self._waiting.seen) else NEVER

    def overdue(self, watermark: int) -> bool:
        """Whether `close` would tell of something."""
        return bool(len(self._idle(watermark)))

    def close(self, watermark: int) -> Closed:
        """Close sessions that ended before an instant, less the lateness, though no newer sample came."""
        idle = self._idle(watermark)
        return self._close(idle, np.full(len(idle), watermark - self._lateness))

    def _idle(self, watermark: int) -> Rows:
        waits = (self._waiting.held > 0) & (self._waiting.seen + self._gap < watermark - self._lateness)
        return np.flatnonzero(waits) if self._gap else np.empty(0, np.intp)

    def _grow(self, rows: Rows) -> None:
        self._waiting.grow(int(rows.max()) + 1 if len(rows) else 0)

    def _close(self, due: Rows, bound: Times) -> Closed:
        waiting = self._waiting
        waiting.all()
        asked = np.zeros(len(waiting.seen), np.bool_)
        asked[due] = True
        rows, times, values = waiting.part(asked[waiting.rows])
        until = bound[np.searchsorted(due, rows)]
        new_row = np.ones(len(rows), np.bool_)
        new_row[1:] = rows[1:] != rows[:-1]
        first, over, ends, front = (self._sessions if self._gap else self._counts)(times, until, new_row)
        run = np.cumsum(first) - 1
        open_ = ~over[run] if len(run) else np.empty(0, np.bool_)
        waiting.put(rows[open_], times[open_], values[open_])
        columns = summed(times, values, first, 0.0)
        ones = np.flatnonzero(over)
        row = rows[first][ones]
        waiting.front[row] = np.maximum(waiting.front[row], front[ones])
        columns = stepped(
            {name: column[ones] for name, column in columns.items()}, np.ones(len(ones), np.bool_), 0.0
        )
        place = np.arange(len(ones))
        return Closed(row, ends[ones], View(columns, place, place + 1, lambda _panes: place))

    def _sessions(self, times: Times, until: Times, new_row: Mask) -> tuple[Mask, Mask, Times, Times]:
        """Where sessions begin, which are over, when, and since when samples are in time after each."""
        apart = np.zeros(len(times), np.bool_)
        apart[1:] = (np.diff(times) > self._gap) | (times[1:] // self._most != times[:-1] // self._most)
        first = new_row | apart
        starts = np.flatnonzero(first)
        last = times[np.append(starts[1:], len(times)) - 1] if len(starts) else times
        wall = (last // self._most + 1) * self._most
        front = np.minimum(last + self._gap + 1, wall)
        return first, front <= until[starts], np.minimum(last + self._gap, wall), front

    def _counts(self, times: Times, until: Times, new_row: Mask) -> tuple[Mask, Mask, Times, Times]:
        places = np.arange(len(times))
        place = places - np.maximum.accumulate(np.where(new_row, places, 0))
        first = place % self._samples == 0
        starts = np.flatnonzero(first)
        finish = np.append(starts[1:], len(times)) - 1 if len(starts) else starts
        full = (finish - starts + 1 == self._samples) & (times[finish] <= until[starts])
        return first, full, times[finish], times[finish] + 1

    def save(self) -> dict[int, bytes]:
        """What must survive a restart, by row."""
        return {row: msgspec.msgpack.encode(held) for row, held in self._waiting.save().items()}

    def restore(self, row: int, raw: bytes) -> None:
        """Inverse of `save`, for one row."""
        self._grow(np.array([row]))
        self._waiting.restore(row, msgspec.msgpack.decode(raw, type=Held))
