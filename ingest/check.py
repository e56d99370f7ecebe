"""Stage 2: size and content type, before anything is decoded."""

from __future__ import annotations

from typing import Final

from contracts import batches, frames
from contracts.topics import Channel
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict, refuse

STATUS_LARGEST: Final = 4_096  # bytes; a status is a word or a small document
_LARGEST: Final = {
    Channel.TELEMETRY: batches.LARGEST,
    Channel.EVENT: batches.LARGEST,
    Channel.FRAME: frames.LARGEST,
    Channel.STATUS: STATUS_LARGEST,
}
_TYPES: Final = {
    Channel.TELEMETRY: ("", batches.JSON, batches.CBOR),
    Channel.EVENT: ("", batches.EVENTS, "application/json"),
    Channel.FRAME: frames.TYPES,
}


def check(parcel: Parcel, _load: Load) -> Verdict | None:
    """Refuses what is empty, too large, or of a type that the channel does not carry."""
    channel, message = parcel.channel, parcel.message
    if channel is None:
        raise ValueError("route first")
    most = _LARGEST[channel]
    if not 1 <= len(message.payload) <= most:
        return refuse(Reason.SIZE, "payload", len(message.payload), f"1 to {most} bytes")
    types = _TYPES.get(channel)
    if types is None or parcel.mapped is not None:
        return None
    kind = message.content_type
    if kind not in types and kind.partition(";")[0].strip().lower() not in types:
        return refuse(Reason.TYPE, "content_type", kind, f"one of {', '.join(filter(None, types))}")
    return None
