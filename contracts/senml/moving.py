"""A pack of ours moved in time, nothing else of it changed: its records stand by one base time."""

from __future__ import annotations

from typing import Any, Final

import cbor2
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
    records: list[dict[Any, Any]] = (
        msgspec.json.decode(payload) if content_type == JSON else cbor2.loads(payload)
    )
    start = from_seconds(records[0][base]) + micros
    records[0][base] = to_seconds(start)
    moved = msgspec.json.encode(records) if content_type == JSON else cbor2.dumps(records, canonical=True)
    return moved, [start + from_seconds(record.get(offset, 0)) for record in records]
