"""Samples in a CSV file as a store to read: `time,site,kind,device,metric,value`, and `instance`, `unit`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from analytics.tracks import Times
from contracts import instants, measurements, roster
from contracts.errors import Refused
from contracts.instants import DAY
from contracts.series import Buckets, Last, Points, Selector, Series, Statistic, Value, join_name, split_name
from contracts.topics import Kind, name

NEEDED: Final = ("time", "site", "kind", "device", "metric", "value")
FURTHER: Final = ("instance", "unit")
MOST: Final = 10_000_000  # rows; a year of more is the store's to keep
_WORDS: Final = {"true": True, "false": False}


class Table:
    """contracts.series.Reader over a file's samples, and the devices that it names as a roster."""

    def __init__(self, rows: Iterable[tuple[Series, int, Value]]) -> None:
        columns: dict[Series, tuple[list[int], list[Value]]] = {}
        for series, time, value in rows:
            times, values = columns.setdefault(series, ([], []))
            times.append(time)
            values.append(value)
        self._times: dict[Series, Times] = {}
        self._values: dict[Series, list[Value]] = {}
        for series in sorted(columns, key=_order):
            times, values = columns[series]
            order = np.argsort(np.array(times, np.int64), kind="stable")
            self._times[series] = np.array(times, np.int64)[order]
            self._values[series] = [values[place] for place in order.tolist()]

    @property
    def span(self) -> tuple[int, int]:
        """From the first sample to just behind the last (µs UTC). Raises Refused where there is none."""
        if not self._times:
            raise Refused("csv", "", "it holds no sample")
        return (
            min(int(times[0]) for times in self._times.values()),
            max(int(times[-1]) for times in self._times.values()) + 1,
        )

    @property
    def entries(self) -> list[roster.Entry]:
        """Every device that the file names."""
        found = {series.device: series for series in self._times}
        return [
            roster.Entry(device=device, kind=one.kind, site=one.site) for device, one in sorted(found.items())
        ]

    def range(self, selector: Selector, start: int, end: int, *, limit: int = 100_000) -> list[Points]:
        """As the store's reader."""
        spans = {
            series: np.searchsorted(times, [start, end]).tolist()
            for series, times in self._times.items()
            if selector.matches(series)
        }
        if sum(high - low for low, high in spans.values()) > limit:
            every = np.concatenate([self._times[one][low:high] for one, (low, high) in spans.items()])
            end = int(np.partition(every, limit)[limit])
            end += int(end == every.min())  # an instant that alone fills the page
            spans = {one: np.searchsorted(self._times[one], [start, end]).tolist() for one in spans}
        return [
            Points(series=one, times=self._times[one][low:high].tolist(), values=self._values[one][low:high])
            for one, (low, high) in spans.items()
            if high > low
        ]

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        """As the store's reader; means are all that a back-test asks for."""
        if statistic is not Statistic.MEAN:
            raise Refused("statistic", statistic, "a file gives means only")
        found = []
        for series, times in self._times.items():
            if not selector.matches(series):
                continue
            low, high = np.searchsorted(times, [start, end]).tolist()
            values = np.array(
                [one if isinstance(one, float) else np.nan for one in self._values[series][low:high]]
            )
            known = ~np.isnan(values)
            starts, which = np.unique(times[low:high][known] // step * step, return_inverse=True)
            if len(starts):
                means = np.bincount(which, values[known]) / np.bincount(which)
                found.append(Buckets(series=series, starts=starts.tolist(), values=means.tolist()))
        return found

    def last(self, selector: Selector) -> list[Last]:
        """As the store's reader."""
        return [
            Last(series=one, time=int(times[-1]), value=self._values[one][-1])
            for one, times in self._times.items()
            if selector.matches(one)
        ]

    def list(self, selector: Selector, *, after: Series | None = None, limit: int = 1_000) -> list[Series]:
        """As the store's reader."""
        found = [one for one in self._times if selector.matches(one)]
        later = [one for one in found if after is None or _order(one) > _order(after)]
        return later[:limit]


def load(path: Path) -> Table:
    """Read a file. Raises Refused naming line and column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return Table(_rows(path, csv.reader(file)))
    except OSError as error:
        raise Refused("csv", path, error.strerror or str(error)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused("csv", path, str(error)) from None


def _rows(path: Path, lines: Iterator[list[str]]) -> Iterator[tuple[Series, int, Value]]:
    head = next(lines, [])
    missing = [one for one in NEEDED if one not in head]
    strange = [one for one in head if one not in chain(NEEDED, FURTHER)]
    if missing or strange:
        raise Refused("csv", f"{path}: {','.join(head)[:200]}", f"the columns {', '.join(NEEDED + FURTHER)}")
    known: dict[tuple[str, ...], Series] = {}
    places = {one: head.index(one) for one in head}
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        if number > MOST:
            raise Refused("csv", path, f"at most {MOST} rows")
        where = f"{path}:{number}"
        if len(line) != len(head):
            raise Refused(where, len(line), f"{len(head)} columns, as in the first line")
        told = {one: line[place] for one, place in places.items()}
        key = tuple(told.get(one, "") for one in ("site", "kind", "device", "metric", "instance", "unit"))
        series = known.get(key)
        if series is None:
            series = known[key] = _series(where, *key)
        yield series, _time(where, told["time"]), _value(where, series, told["value"])


def _series(where: str, site: str, kind: str, device: str, metric: str, instance: str, unit: str) -> Series:
    try:
        split_name(join_name(metric, instance))
        entry = measurements.find(metric)
        return Series(
            site=name("site", site),
            kind=Kind(kind),
            device=name("device", device),
            metric=metric,
            instance=instance,
            unit=unit or (entry.unit if entry else ""),
        )
    except Refused as error:
        raise Refused(f"{where} {error.field}", error.value, error.reason) from None
    except ValueError:
        raise Refused(f"{where} kind", kind, f"one of {', '.join(Kind)}") from None


def _time(where: str, text: str) -> int:
    try:
        time = int(text) if text.isdecimal() else instants.from_rfc3339(text)
    except ValueError:
        raise Refused(f"{where} time", text, "µs since 1970, or RFC 3339 with an offset") from None
    if not DAY < time < 2**62:
        raise Refused(f"{where} time", text, "µs since 1970: seconds are too small by a million")
    return time


def _value(where: str, series: Series, text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    entry = measurements.find(series.metric)
    if entry is not None and not entry.numeric and entry.kind is measurements.Kind.TEXT:
        return text
    try:
        value = float(text)
    except ValueError:
        raise Refused(f"{where} value", text, "a number, true or false") from None
    if not np.isfinite(value):
        raise Refused(f"{where} value", text, "a finite number")
    return value


def _order(series: Series) -> tuple[str, ...]:
    return series.site, series.kind, series.device, series.metric, series.instance, series.unit
