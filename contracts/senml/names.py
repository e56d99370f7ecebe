"""What a SenML name stands for: a series of the device that sent it, with the values that it may take."""

from __future__ import annotations

import re
import sys
from typing import Final, NamedTuple

from contracts import measurements
from contracts.errors import Refused
from contracts.series import Series, split_name
from contracts.topics import Device

PEN: Final = 32473  # private enterprise number: RFC 5612's for documentation, until the city has its own
LONGEST: Final = 255  # characters of a whole name: bounds what a base name can be multiplied to
ITSELF: Final = "value"  # metric of a name that is a device and nothing more (RFC 8428 5.1.1)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*")  # RFC 8428 4.5.1
_UNIT: Final = re.compile(r"[!-~]{1,32}")
_LARGEST: Final = sys.float_info.max


def base_name(device: str) -> str:
    """The device's own base name, a DEV URN of the organisation form (RFC 9039 4.3)."""
    return f"urn:dev:org:{PEN}-cirebon:{device}:"


class Known(NamedTuple):
    """A series and the bounds of its numbers; bounds that no number meets where its values are none."""

    series: Series
    low: float
    high: float


class Table(dict[str, Known]):
    """Names under one base name and unit → what is known of them. A lookup raises Refused."""

    __slots__ = ("_base", "_device", "_foreign", "_names", "_unit")

    def __init__(self, names: Names, device: Device, base: str, unit: str, foreign: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._device = device
        self._base = base
        self._unit = unit
        self._foreign = foreign

    def __missing__(self, name: str) -> Known:
        known = _meaning(self._device, self._base + name, self._unit, self._foreign)
        self._names.count()
        self[name] = known
        return known


class Names:
    """Names met so far: spares their resolution in each pack. Bounded; one caller's, one thread's."""

    def __init__(self, most: int = 100_000) -> None:
        """Forget all once more than `most` are known: names are few, so many are a sender's fault."""
        self._most = most
        self._size = 0
        self._tables: dict[tuple[Device, str, str, tuple[str, ...]], Table] = {}

    def table(self, device: Device, base: str, unit: str, foreign: tuple[str, ...]) -> Table:
        """The names that the device uses under this base name and unit."""
        key = (device, base, unit, foreign)
        table = self._tables.get(key)
        if table is None:
            self.count()
            table = self._tables[key] = Table(self, device, base, unit, foreign)
        return table

    def count(self) -> None:
        """One more is known."""
        self._size += 1
        if self._size > self._most:
            self._size = 0
            self._tables.clear()


def _meaning(device: Device, full: str, unit: str, foreign: tuple[str, ...]) -> Known:
    if len(full) > LONGEST:
        raise Refused("n", full, f"longer than {LONGEST} characters with its base name")
    if not _NAME.fullmatch(full):
        raise Refused("n", full, "characters A-Z a-z 0-9 - : . / _ only, the first a letter or digit")
    if unit and not _UNIT.fullmatch(unit):
        raise Refused("u", unit, "1 to 32 printable ASCII characters without a space")
    metric, instance = split_name(_local(device, full, foreign))
    entry = measurements.find(metric)
    if entry is None:
        return Known(_series(device, metric, instance, unit), -_LARGEST, _LARGEST)
    if entry.reserved:
        raise Refused("n", full, f"{metric} is reserved: the platform itself writes it")
    if unit not in ("", entry.unit):
        raise Refused("u", unit, f"{metric} is measured in {entry.unit or 'no unit'}")
    series = _series(device, metric, instance, entry.unit)
    if not entry.numeric:
        return Known(series, 1.0, -1.0)
    return Known(
        series,
        -_LARGEST if entry.low is None else entry.low,
        _LARGEST if entry.high is None else entry.high,
    )


def _local(device: Device, full: str, foreign: tuple[str, ...]) -> str:
    for base in (base_name(device.device), *foreign):
        if full.startswith(base):
            return full[len(base) :].lstrip(":/_") or ITSELF
    if full[:4].lower() == "urn:":
        raise Refused("n", full, f"not a name of {device.device}, nor registered for it")
    return full


def _series(device: Device, metric: str, instance: str, unit: str) -> Series:
    return Series(
        site=device.site,
        kind=device.kind,
        device=device.device,
        metric=metric,
        instance=instance,
        unit=unit,
    )
