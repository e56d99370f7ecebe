"""Samples of one device → a pack, compact: the inverse of decoding, exact to the microsecond."""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any, Final

import msgspec

from contracts.batches import CBOR, JSON
from contracts.instants import to_seconds
from contracts.senml.labels import LABELS
from contracts.senml.names import base_name
from contracts.series import Block, Data, Value, join_name

_INTEGERS: Final = {label: number for number, label in LABELS.items()}
_EXACT: Final = 2.0**53  # below it a whole double may be written as an integer


def encode(block: Block, content_type: str = JSON) -> bytes:
    """Samples of one device → pack. Raises ValueError for none, several devices', another type."""
    devices = {series.device for series in block.series}
    if len(devices) != 1 or not len(block):
        raise ValueError(f"a pack holds samples of one device, not of {len(devices)} in {len(block)} rows")
    records = _records(block, devices.pop(), binary=content_type == CBOR)
    if content_type == JSON:
        return msgspec.json.encode(records)
    if content_type == CBOR:
        import cbor2  # 2 MB that a small device which speaks JSON does without

        labelled = [{_INTEGERS[label]: value for label, value in record.items()} for record in records]
        return cbor2.dumps(labelled, canonical=True)  # canonical: each float in the fewest bytes that keep it
    raise ValueError(f"content type {content_type}: {JSON} or {CBOR}")


def _records(block: Block, device: str, *, binary: bool) -> list[dict[str, Any]]:
    unit = _common_unit(block)
    start = block.times[0]
    head: dict[str, Any] = {"bn": base_name(device), "bt": to_seconds(start)}
    if unit:
        head["bu"] = unit
    records: list[dict[str, Any]] = []
    for series, time, value in block.rows():
        record: dict[str, Any] = {"n": join_name(series.metric, series.instance)}
        if series.unit and series.unit != unit:
            record["u"] = series.unit
        record |= _field(value, binary=binary)
        if time != start:
            record["t"] = to_seconds(time - start)
        records.append(record)
    records[0] = head | records[0]
    return records


def _common_unit(block: Block) -> str:
    """The most frequent unit; empty where a series has none, for a record cannot take a base unit back."""
    if not all(series.unit for series in block.series):
        return ""
    rows = Counter(block.index)
    units: Counter[str] = Counter()
    for place, count in rows.items():
        units[block.series[place].unit] += count
    return units.most_common(1)[0][0]


def _field(value: Value, *, binary: bool) -> dict[str, Any]:
    match value:
        case bool():
            return {"vb": value}
        case str():
            return {"vs": value}
        case Data(raw):
            return {"vd": raw if binary else base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}
        case _:
            whole = value.is_integer() and abs(value) < _EXACT and (value or str(value) == "0.0")
            return {"v": int(value) if whole else value}
