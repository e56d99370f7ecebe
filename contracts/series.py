"""Series, columnar blocks of samples, and the port through which they are read."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final, Protocol, Self

import msgspec
from msgspec import UNSET, UnsetType

from contracts.errors import Refused
from contracts.topics import Device, Kind, name


class Data(msgspec.Struct, frozen=True):
    """Opaque data value (SenML `vd`); base64 in JSON."""

    raw: bytes


Other = str | bool | Data
Value = float | Other
LARGEST_VALUE: Final = 16_384  # bytes of one string or data value
_METRIC: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/-]{0,119}")
_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/-]{0,63}")


class Series(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Identity of a series: where and what is measured, in which unit."""

    site: str
    kind: Kind
    device: str
    metric: str  # `cpu.utilization`; catalogued in contracts.measurements or not
    instance: str = ""  # which part of the device: `eth0`, `screen1`; empty for the device itself
    unit: str = ""  # SenML unit (RFC 8428 12.1, RFC 8798); empty where there is none

    @property
    def address(self) -> Device:
        """The device that the series belongs to."""
        return Device(site=self.site, kind=self.kind, device=self.device)


def split_name(local: str) -> tuple[str, str]:
    """`metric[_instance]` → (metric, instance). Raises Refused."""
    metric, underscore, instance = local.partition("_")
    if not _METRIC.fullmatch(metric):
        raise Refused("n", local, "metric: 1 to 120 of A-Z a-z 0-9 . : / -, first a letter or digit")
    if underscore and not _INSTANCE.fullmatch(instance):
        raise Refused("n", local, "instance: 1 to 64 of A-Z a-z 0-9 . : / -, first a letter or digit")
    return metric, instance


def join_name(metric: str, instance: str = "") -> str:
    """Inverse of split_name."""
    return f"{metric}_{instance}" if instance else metric


class _Places(dict[Series, int]):
    """Where each series stands in a block; a lookup adds a new one."""

    __slots__ = ("_series",)

    def __init__(self, series: list[Series]) -> None:
        super().__init__()
        self._series = series

    def __missing__(self, series: Series) -> int:
        place = self[series] = len(self._series)
        self._series.append(series)
        return place


class Block:
    """Columns of samples of many series: what ingest hands to the store and to its feed.

    Row i is a sample of `series[index[i]]` at `times[i]` (µs UTC). `numbers[i]` is its value, or NaN where
    the value is not a number; then `others[i]` holds it. Columns are `array`s: numpy and Arrow read them
    without a copy.
    """

    __slots__ = ("_places", "index", "numbers", "others", "place", "series", "times")

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.index = array("i")
        self.times = array("q")
        self.numbers = array("d")
        self.others: dict[int, Other] = {}
        self._places = _Places(self.series)
        self.place: Callable[[Series], int] = self._places.__getitem__  # index of a series, added if new

    def __len__(self) -> int:
        return len(self.times)

    def append(self, series: Series, time: int, value: Value) -> None:
        """Add one sample. Its value is a finite float, a string, a boolean or data."""
        if not isinstance(value, float):
            self.others[len(self.times)] = value
        self.index.append(self.place(series))
        self.times.append(time)
        self.numbers.append(value if isinstance(value, float) else float("nan"))

    def extend(self, other: Self) -> None:
        """Add all samples of another block."""
        base = len(self.times)
        places = [self.place(series) for series in other.series]
        self.index.extend(places[i] for i in other.index)
        self.times.extend(other.times)
        self.numbers.extend(other.numbers)
        for row, value in other.others.items():
            self.others[base + row] = value

    def cut(self, rows: int, series: int) -> None:
        """Take out what was added since the block held this many rows and series."""
        for row in [row for row in self.others if row >= rows] if self.others else ():
            del self.others[row]
        del self.index[rows:], self.times[rows:], self.numbers[rows:]
        for added in self.series[series:]:
            del self._places[added]
        del self.series[series:]

    def rows(self) -> Iterator[tuple[Series, int, Value]]:
        """Samples one by one, for small blocks and tests."""
        for row, (place, time, number) in enumerate(zip(self.index, self.times, self.numbers, strict=True)):
            yield self.series[place], time, self.others.get(row, number)


class Selector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which series: each given field must match; an empty one matches all."""

    site: str = ""
    kind: Kind | None = None
    devices: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    instance: str | None = None
    labels: dict[str, str] | UnsetType = UNSET  # of the device in the roster; who has no roster asks nothing

    def __post_init__(self) -> None:
        for device in self.devices:
            name("device", device)

    def matches(self, series: Series) -> bool:
        """Whether the series is selected."""
        return (
            (not self.site or series.site == self.site)
            and (self.kind is None or series.kind == self.kind)
            and (not self.devices or series.device in self.devices)
            and (not self.metrics or series.metric in self.metrics)
            and (self.instance is None or series.instance == self.instance)
        )


class Statistic(StrEnum):
    """What an aggregate says of the numbers in a bucket."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of one series in order of time; `times` in µs UTC."""

    series: Series
    times: Sequence[int]
    values: Sequence[Value]


class Buckets(msgspec.Struct, frozen=True, kw_only=True):
    """Aggregates of one series: bucket i starts at `starts[i]` (µs UTC); empty buckets are absent."""

    series: Series
    starts: Sequence[int]
    values: Sequence[float]


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """Newest sample of one series, by sample time."""

    series: Series
    time: int
    value: Value


class Reader(Protocol):
    """How everyone but ingest sees the store. Calls block: use a thread. Raises the store's errors."""

    def range(self, selector: Selector, start: int, end: int, *, limit: int = 100_000) -> list[Points]:
        """Samples with start ≤ time < end (µs UTC), at most `limit` a call over all series, oldest first.

        All samples of an instant or none, unless one instant alone fills the page: go on after the last time.
        """
        ...

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        """One statistic per series and step (µs); buckets count from the epoch; no percentile is averaged."""
        ...

    def last(self, selector: Selector) -> list[Last]:
        """Newest sample of each selected series."""
        ...

    def list(self, selector: Selector, *, after: Series | None = None, limit: int = 1_000) -> list[Series]:
        """Known series in order of (site, kind, device, metric, instance, unit), a page at a time."""
        ...
