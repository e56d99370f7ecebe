"""How the plain JSON of a third party's sensor becomes samples: declared, never guessed.

[[ingest.mappings]]
topic = "zigbee2mqtt/gate"
device = "sensor-gate-1"
time = "/last_seen"
fields = [{ pointer = "/temperature", metric = "air.temperature", unit = "Cel" }]
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from contracts import instants, measurements
from contracts.errors import Refused
from contracts.series import LARGEST_VALUE, Block, Series, join_name, split_name
from contracts.topics import Device, name

_MILLISECONDS: Final = 100_000_000_000  # a number of seconds as large lies in the year 5138
_decoder: Final = msgspec.json.Decoder()


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of the document and the series that it is a sample of."""

    pointer: str  # JSON pointer (RFC 6901)
    metric: str
    instance: str = ""
    unit: str = ""
    scale: float = 1.0  # the series' unit per the document's

    def __post_init__(self) -> None:
        split_name(join_name(self.metric, self.instance))
        _parts(self.pointer)
        known = measurements.find(self.metric)
        if known is not None and known.reserved:
            raise Refused("metric", self.metric, "reserved: ingest itself writes it")
        if known is not None and self.unit != known.unit:
            raise Refused("unit", self.unit, f"{self.metric} is measured in {known.unit or 'no unit'}")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One topic of a third party: whose it is, and what is read from its documents."""

    topic: str  # exact: whose message it is must not depend on its text
    device: str  # id in the roster
    fields: tuple[Field, ...]
    time: str = ""  # JSON pointer to seconds, milliseconds or RFC 3339; empty: time of arrival

    def __post_init__(self) -> None:
        name("device", self.device)
        if not self.topic or set(self.topic) & set("+#\0") or self.topic.startswith(("$", "imm/")):
            raise Refused("topic", self.topic, "an exact topic outside imm/ and $")
        if not self.fields:
            raise Refused("fields", self.topic, "at least one")
        if self.time:
            _parts(self.time)


def decode(payload: bytes, rule: Rule, device: Device, *, now: int, block: Block) -> int:
    """Append what the rule reads, return how many samples. Raises Refused; then the block is as before."""
    try:
        document = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("payload", payload[:120], str(error)) from None
    time = _time(_find(document, rule.time), rule.time) if rule.time else now
    found = [(field, _find(document, field.pointer)) for field in rule.fields]
    samples = [(field, _value(field, value)) for field, value in found if value is not None]
    if not samples:
        raise Refused("payload", payload[:120], "holds none of the mapped fields")
    for field, value in samples:
        series = Series(
            site=device.site,
            kind=device.kind,
            device=device.device,
            metric=field.metric,
            instance=field.instance,
            unit=field.unit,
        )
        block.append(series, time, value)
    return len(samples)


def _value(field: Field, value: Any) -> float | str | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value) * field.scale
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Refused(field.pointer, value, "not a finite number")
        return number
    if isinstance(value, str) and len(value.encode()) <= LARGEST_VALUE:
        return value
    raise Refused(field.pointer, value, f"not a number, boolean or string of at most {LARGEST_VALUE} bytes")


def _time(value: Any, pointer: str) -> int:
    try:
        if isinstance(value, str):
            return instants.from_rfc3339(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return instants.from_seconds(value / 1_000 if abs(value) >= _MILLISECONDS else value)
    except (ValueError, OverflowError):
        pass  # said below, for every kind of wrong time alike
    raise Refused(pointer, value, "not seconds, milliseconds or an RFC 3339 instant")


def _parts(pointer: str) -> list[str]:
    if not pointer.startswith("/"):
        raise Refused("pointer", pointer, "a JSON pointer starts with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _find(document: Any, pointer: str) -> Any:
    """Value at a JSON pointer, or None where there is none."""
    here = document
    for part in _parts(pointer):
        if isinstance(here, dict):
            here = here.get(part)
        elif (
            isinstance(here, list)
            and part.isdecimal()
            and part.isascii()
            and len(part) < 7
            and int(part) < len(here)
        ):
            here = here[int(part)]
        else:
            return None
    return here
