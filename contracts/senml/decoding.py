"""A pack → samples: the long way, that takes every pack, refuses what is wrong and says where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from contracts import measurements, sketches
from contracts.batches import CBOR, JSON, LARGEST
from contracts.errors import Refused
from contracts.senml import columns, times
from contracts.senml.names import Names
from contracts.senml.parsing import Record, cbor_records, json_records
from contracts.series import LARGEST_VALUE, Block, Data, Series, Value, split_name
from contracts.topics import Device

MOST: Final = 10_000  # records of one pack
VERSION: Final = 10  # the newest that we understand (RFC 8428 4.4)
_BASE: Final = frozenset(("bver", "bn", "bt", "bu", "bv", "bs"))
_VALUES: Final = ("v", "vs", "vb", "vd")
_KNOWN: Final = _BASE | frozenset((*_VALUES, "n", "u", "s", "t", "ut"))
_TYPES: Final[dict[measurements.Kind, type]] = {
    measurements.Kind.TEXT: str,
    measurements.Kind.FLAG: bool,
    measurements.Kind.SKETCH: Data,
}
_INTEGRALS: Final = {"": "", "W": "J", "A": "C"}  # unit of a value → unit of its integral over seconds


def decode(
    payload: bytes,
    content_type: str,
    device: Device,
    *,
    now: int,
    block: Block,
    foreign: tuple[str, ...] = (),
    names: Names | None = None,
) -> int:
    """Append a pack's samples to the block; return how many. Raises Refused, and then the block is as before.

    `content_type` is batches.JSON, batches.CBOR, or empty (JSON). A name is `{base name}{metric[_instance]}`
    with the device's own base name or one registered for it (`foreign`), or local to the device where it does
    not start with `urn:`. `now` (µs UTC, at reception) resolves relative times. `names` remembers.
    """
    names = Names() if names is None else names
    if len(payload) > LARGEST:
        raise Refused("payload", f"{len(payload)} bytes", f"at most {LARGEST} bytes")
    if content_type == CBOR:
        return _resolve(cbor_records(payload), device, now, block, foreign, names)
    if content_type not in ("", JSON):
        raise Refused("content_type", content_type, f"{JSON} or {CBOR}")
    count = columns.append(payload, device, now, block, foreign, names)
    if count is not None:
        return count
    return _resolve(json_records(payload), device, now, block, foreign, names)


class _Base:
    """Base values in force: those of this record and the records before it."""

    __slots__ = ("name", "sum", "time", "unit", "value", "version")

    def __init__(self) -> None:
        self.name = ""
        self.time = 0
        self.unit = ""
        self.value: float | None = None
        self.sum: float | None = None
        self.version: int | None = None

    def take(self, record: Record) -> None:
        """Apply a record's base fields. Raises Refused."""
        if "bver" in record:
            self._take_version(record["bver"])
        if "bn" in record:
            self.name = _text(record, "bn")
        if "bt" in record:
            self.time = times.micros("bt", _number(record, "bt"))
        if "bu" in record:
            self.unit = _text(record, "bu")
        if "bv" in record:
            self.value = _number(record, "bv")
        if "bs" in record:
            self.sum = _number(record, "bs")

    def _take_version(self, version: Any) -> None:
        if type(version) is not int or version < 1:
            raise Refused("bver", version, "a whole number from 1")
        if version > VERSION:
            raise Refused("bver", version, f"newer than {VERSION}, the newest version understood here")
        if self.version not in (None, version):
            raise Refused("bver", version, f"the pack's version is {self.version}: one version a pack")
        self.version = version


def _resolve(
    records: list[Record], device: Device, now: int, block: Block, foreign: tuple[str, ...], names: Names
) -> int:
    if len(records) > MOST:
        raise Refused("payload", f"{len(records)} records", f"at most {MOST} records a pack")
    base = _Base()
    samples: list[tuple[Series, int, Value]] = []
    for number, record in enumerate(records, 1):
        try:
            labels = record.keys()
            if not labels <= _KNOWN:
                _check_unknown(record)
            if not labels.isdisjoint(_BASE):
                base.take(record)
            if not labels <= _BASE:
                samples += _samples(record, base, device, now, foreign, names)
        except Refused as error:
            raise Refused(error.field, error.value, f"{error.reason}; in record {number}") from None
    if not samples:
        raise Refused("payload", f"{len(records)} records", "no sample in the pack")
    for series, time, value in samples:
        block.append(series, time, value)
    return len(samples)


def _check_unknown(record: Mapping[str, Any]) -> None:
    for label in record.keys() - _KNOWN:
        if label.endswith("_"):
            raise Refused(label, record[label], "must be understood (RFC 8428 4.4), and is not")


def _samples(
    record: Record, base: _Base, device: Device, now: int, foreign: tuple[str, ...], names: Names
) -> list[tuple[Series, int, Value]]:
    unit = _text(record, "u") if "u" in record else base.unit
    name = _text(record, "n") if "n" in record else ""
    series, low, high = names.table(device, base.name, unit, foreign)[name]
    time = times.resolve(base.time, times.micros("t", _number(record, "t")) if "t" in record else 0, now)
    if "ut" in record and _number(record, "ut") < 0:
        raise Refused("ut", record["ut"], "a number of seconds, not negative")
    given = [label for label in _VALUES if label in record]
    if len(given) > 1:
        raise Refused(given[1], record[given[1]], f"one value a record, and {given[0]} is there")
    samples: list[tuple[Series, int, Value]] = []
    if given or (base.value is not None and "s" not in record):
        label = given[0] if given else "v"
        value = _value(record, label, base)
        if not (isinstance(value, float) and low <= value <= high):
            _check_meaning(label, value, series, low, high)
        samples.append((series, time, value))
    if "s" in record or (base.sum is not None and given in ([], ["v"])):
        total = (_number(record, "s") if "s" in record else 0.0) + (base.sum or 0.0)
        samples.append((_integral(series), time, _finite("s", total)))
    if not samples:
        raise Refused("v", record, "neither a value nor a sum")
    return samples


def _value(record: Record, label: str, base: _Base) -> Value:
    value = record.get(label, 0)
    match label:
        case "v":
            return _finite("v", (_number(record, "v") if "v" in record else 0.0) + (base.value or 0.0))
        case "vb":
            if type(value) is not bool:
                raise Refused("vb", value, "true or false")
            return value
        case "vs":
            text = _text(record, "vs")
            _check_size("vs", value, len(text.encode()))
            return text
        case _:
            if type(value) is not bytes:
                raise Refused("vd", value, "a byte string")
            _check_size("vd", value, len(value))
            return Data(value)


def _check_size(label: str, value: object, size: int) -> None:
    if size > LARGEST_VALUE:
        raise Refused(label, value, f"{size} bytes, at most {LARGEST_VALUE}")


def _check_meaning(label: str, value: Value, series: Series, low: float, high: float) -> None:
    entry = measurements.find(series.metric)
    if entry is None:
        return
    if not isinstance(value, _TYPES.get(entry.kind, float)):
        raise Refused(label, value, f"{series.metric} is a {entry.kind}")
    if isinstance(value, float):
        raise Refused(label, value, f"{series.metric} is from {low:g} to {high:g} {series.unit}".rstrip())
    if isinstance(value, Data):
        sketches.check(value, site=series.site, instance=series.instance)


def _integral(series: Series) -> Series:
    unit = _INTEGRALS.get(series.unit, f"{series.unit}.s")
    metric, _ = split_name(f"{series.metric}.sum")
    return msgspec.structs.replace(series, metric=metric, unit=unit)


def _number(record: Record, label: str) -> float:
    value = record[label]
    if type(value) not in (int, float, Decimal):
        raise Refused(label, value, "a number")
    try:
        return _finite(label, float(value))
    except OverflowError:
        raise Refused(label, "an integer", "larger than any double") from None


def _finite(label: str, value: float) -> float:
    if not math.isfinite(value):
        raise Refused(label, value, "a finite number")
    return value


def _text(record: Record, label: str) -> str:
    value = record[label]
    if not isinstance(value, str):
        raise Refused(label, value, "a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused(label, value, f"no Unicode text: {error.reason}") from None
    return value
