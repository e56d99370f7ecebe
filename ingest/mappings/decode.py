"""A third party's message → samples, as its mapping says."""

from __future__ import annotations

import math
from collections.abc import Mapping as Map
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from contracts import instants
from contracts.errors import Refused
from contracts.series import LARGEST_VALUE, Block, Series, join_name, split_name
from contracts.topics import Device
from ingest.mappings.model import Field, Mapping, Scalar
from ingest.mappings.pointer import find

_MILLISECONDS: Final = 100_000_000_000  # a number of seconds as large lies in the year 5138
_decoder: Final = msgspec.json.Decoder()


def decode(
    payload: bytes, mapping: Mapping, levels: Map[str, str], device: Device, *, now: int, block: Block
) -> int:
    """Append what the mapping reads, return how many samples. Raises Refused; `block` may then hold some.

    `levels`: what stands at the named levels of the topic.
    """
    document = _document(payload, mapping)
    time = _time(find(document, mapping.time), mapping) if mapping.time else now
    count = 0
    for field in mapping.fields:
        if any(levels[level] != text for level, text in field.when.items()):
            continue
        found = find(document, field.pointer)
        if found is None:
            continue
        instance = mapping.fill(field.instance, levels)
        split_name(join_name(field.metric, instance))
        series = Series(
            site=device.site,
            kind=device.kind,
            device=device.device,
            metric=field.metric,
            instance=instance,
            unit=field.unit,
        )
        block.append(series, time, _value(field, found))
        count += 1
    if not count:
        raise Refused("payload", payload[:120], f"holds none of the fields of the mapping {mapping.name}")
    return count


def _document(payload: bytes, mapping: Mapping) -> Any:
    try:
        return payload.decode().strip() if mapping.format == "text" else _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("payload", payload[:120], str(error)) from None


def _value(field: Field, value: Any) -> Scalar:
    where = field.pointer or "payload"
    if field.values:
        text = msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else value
        if not isinstance(text, str) or text not in field.values:
            raise Refused(where, value, f"one of {', '.join(field.values)}")
        return field.values[text]
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and field.numeric:
        try:
            value = float(value)
        except ValueError:
            raise Refused(where, value, "not a number") from None
    if isinstance(value, int | float):
        try:
            number = float(value) * field.scale + field.offset
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Refused(where, value, "not a finite number")
        return number
    if isinstance(value, str) and len(value.encode()) <= LARGEST_VALUE:
        return value
    raise Refused(where, value, f"not a number, boolean or string of at most {LARGEST_VALUE} bytes")


def _time(value: Any, mapping: Mapping) -> int:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None and mapping.zone:
                moment = moment.replace(tzinfo=ZoneInfo(mapping.zone))
            return instants.from_datetime(moment)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return instants.from_seconds(value / 1_000 if abs(value) >= _MILLISECONDS else value)
    except (ValueError, OverflowError):
        pass  # said below, for every kind of wrong time alike
    zone = "" if mapping.zone else "; a time without an offset needs the mapping's zone"
    raise Refused(mapping.time, value, f"not seconds, milliseconds or an RFC 3339 instant{zone}")
