"""A pack of ours moved in time, nothing else of it changed: its records stand by one base time."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from contracts.batches import CBOR, JSON
from contracts.instants import from_seconds, to_seconds

_BASE_TIME: Final = {JSON: "bt", CBOR: -3}


def move(payload: bytes, content_type: str, micros: int) -> tuple[bytes, list[int]]:
    """Encoded pack → the same so many µs later, and the time of each record (µs UTC).

    Only of what `encode` wrote. Raises ValueError for another type.
    """
    if content_type not in _BASE_TIME:
        raise ValueError(f"content type {content_type}: {JSON} or {CBOR}")
    base = _BASE_TIME[content_type]
    offset = "t" if content_type == JSON else 6
    records = _load(payload, content_type)
    start = from_seconds(records[0][base]) + micros
    records[0][base] = to_seconds(start)
    moved = _dump(records, content_type)
    return moved, [start + from_seconds(record.get(offset, 0)) for record in records]


def _load(payload: bytes, content_type: str) -> list[dict[Any, Any]]:
    if content_type == JSON:
        return msgspec.json.decode(payload, type=list[dict[Any, Any]])
    import cbor2  # only where it is spoken

    found: list[dict[Any, Any]] = cbor2.loads(payload)
    return found


def _dump(records: list[dict[Any, Any]], content_type: str) -> bytes:
    if content_type == JSON:
        return msgspec.json.encode(records)
    import cbor2

    return cbor2.dumps(records, canonical=True)
