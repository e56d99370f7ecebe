"""What is known of each series without asking the file: its number, its newest sample, where it is empty."""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.series import Last, Other, Selector, Series
from contracts.topics import Kind
from store.port import CHANNELS, channel

Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

NEVER: Final = -1  # before every sample
_CODES: Final = {name: code for code, name in enumerate(CHANNELS)}
Key = tuple[str, str, str, str, str, str]


class Catalog:
    """Arrays by series number. Written by the writer in its turn; read by all."""

    def __init__(self) -> None:
        self.series: list[Series] = []
        self._ids: dict[Series, int] = {}
        self._devices: defaultdict[str, list[int]] = defaultdict(list)
        self._metrics: defaultdict[str, list[int]] = defaultdict(list)
        self._order: list[tuple[Key, int]] = []
        self._lock = threading.Lock()
        self.newest: Ints = np.empty(0, np.int64)
        # No sample of the series lies strictly between low and high: late rows there cannot meet another.
        self.low: Ints = np.empty(0, np.int64)
        self.high: Ints = np.empty(0, np.int64)
        self.marked: Ints = np.empty(0, np.int64)  # newest hour marked as changed; NEVER if none is
        self.channels: npt.NDArray[np.int8] = np.empty(0, np.int8)  # index into CHANNELS
        self.numbers: Floats = np.empty(0, np.float64)  # newest sample's value
        self.others: dict[int, Other] = {}  # newest sample's value where it is not a number
        self.typed: set[int] = set()  # series that ever had a value that is no number

    def places(self, series: Sequence[Series]) -> tuple[Ids, list[Series]]:
        """Number of each series; those not known yet get the next ones, and are returned to be adopted."""
        new: list[Series] = []
        numbers = np.empty(len(series), np.int32)
        for place, one in enumerate(series):
            number = self._ids.get(one)
            if number is None:
                number = len(self.series) + len(new)
                new.append(one)
            numbers[place] = number
        self._reserve(len(self.series) + len(new))
        return numbers, new

    def adopt(self, new: Iterable[Series]) -> None:
        """Know series that are now in the file, in the order of their numbers."""
        with self._lock:
            for one in new:
                number = len(self.series)
                self._reserve(number + 1)
                self.channels[number] = _CODES[channel(one.metric)]
                self.series.append(one)
                self._ids[one] = number
                self._devices[one.device].append(number)
                self._metrics[one.metric].append(number)
                bisect.insort(self._order, (key(one), number))

    def _reserve(self, count: int) -> None:
        have = len(self.newest)
        if count <= have:
            return
        more = max(count, 2 * have, 256) - have
        fresh = np.full(more, NEVER, np.int64)
        self.newest, self.low, self.high, self.marked = (
            np.concatenate([column, fresh]) for column in (self.newest, self.low, self.high, self.marked)
        )
        self.numbers = np.concatenate([self.numbers, np.full(more, np.nan)])
        self.channels = np.concatenate([self.channels, np.zeros(more, np.int8)])

    def select(self, selector: Selector) -> Ids:
        """Numbers of the selected series, ascending."""
        with self._lock:
            if selector.devices:
                candidates: Iterable[int] = (
                    i for name in selector.devices for i in self._devices.get(name, ())
                )
            elif selector.metrics:
                candidates = (i for name in selector.metrics for i in self._metrics.get(name, ()))
            else:
                candidates = range(len(self.series))
            return np.array(sorted({i for i in candidates if selector.matches(self.series[i])}), np.int32)

    def mixed(self, ids: Ids) -> bool:
        """Whether some of the series had values that are no numbers."""
        return not self.typed.isdisjoint(ids.tolist())

    def page(self, selector: Selector, after: Series | None, limit: int) -> list[Series]:
        """Series in order of their names, after a given one."""
        found: list[Series] = []
        with self._lock:
            start = 0 if after is None else bisect.bisect_right(self._order, (key(after), len(self.series)))
            for position in range(start, len(self._order)):
                if len(found) >= limit:
                    break
                one = self.series[self._order[position][1]]
                if selector.matches(one):
                    found.append(one)
        return found

    def last(self, selector: Selector, floors: Ints) -> list[Last]:
        """Newest sample of each selected series, unless it is older than its channel's floor."""
        ids = self.select(selector)
        with self._lock:
            return [
                Last(series=self.series[i], time=time, value=self.others.get(i, number))
                for i, time, number, floor in zip(
                    ids.tolist(),
                    self.newest[ids].tolist(),
                    self.numbers[ids].tolist(),
                    floors[self.channels[ids]].tolist(),
                    strict=True,
                )
                if time != NEVER and time >= floor
            ]

    def renew(self, ids: Ids, times: Ints, numbers: Floats, others: dict[int, Other]) -> None:
        """Take samples as the newest of their series where they are; `others` by series number."""
        with self._lock:
            newer = times >= self.newest[ids]
            ids = ids[newer]
            self.newest[ids] = times[newer]
            self.numbers[ids] = numbers[newer]
            if self.others:
                for number in ids.tolist():
                    self.others.pop(number, None)
            if others:
                for number in ids.tolist():
                    if number in others:
                        self.others[number] = others[number]

    def copy_latest(self, ids: Ids) -> tuple[Ints, Floats, dict[int, Other]]:
        """Newest samples of these series as they are at one moment."""
        with self._lock:
            others = {i: self.others[i] for i in ids.tolist() if i in self.others}
            return self.newest[ids], self.numbers[ids], others


def key(series: Series) -> Key:
    """Order of series."""
    return series.site, str(series.kind), series.device, series.metric, series.instance, series.unit


def restored(row: Sequence[str]) -> Series:
    """Series from a row of the table, less its number."""
    site, kind, device, metric, instance, unit = row
    return Series(site=site, kind=Kind(kind), device=device, metric=metric, instance=instance, unit=unit)
