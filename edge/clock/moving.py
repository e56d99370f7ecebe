"""A spooled batch moved in time: its samples or events, and the hours that they count in."""

from __future__ import annotations

from collections import Counter

import msgspec

from contracts import batches, events, instants
from contracts.senml.moving import move


def moved(payload: bytes, content_type: str, shift: int) -> tuple[bytes, dict[int, int]] | None:
    """Payload so many µs later, and what it counts by hour; None for what cannot be moved."""
    if content_type == batches.EVENTS:
        found = tuple(
            msgspec.structs.replace(event, time=max(0, event.time + shift))
            for event in events.decode(payload)
        )
        return events.encode(found), events.counts(found)
    if content_type in (batches.JSON, batches.CBOR):
        later, times = move(payload, content_type, shift)
        return later, Counter(instants.floor(time, instants.HOUR) for time in times)
    return None
