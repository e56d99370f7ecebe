"""CloudEvents 1.0 in structured JSON mode: how events leave the platform."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from contracts.errors import Refused

CONTENT_TYPE: Final = "application/cloudevents+json"
PREFIX: Final = "id.go.cirebonkota.imm."


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event: past tense, versioned by `dataschema`."""

    id: str
    source: str  # URI reference: `/alerts`, `/tangi`
    type: str  # `id.go.cirebonkota.imm.alert.firing`
    subject: str
    time: str  # RFC 3339
    data: Any
    dataschema: str | UnsetType = UNSET  # a URI; left out where there is none, since it may not be empty
    datacontenttype: str = "application/json"
    specversion: str = "1.0"


_decoder: Final = msgspec.json.Decoder(CloudEvent)


def encode(event: CloudEvent) -> bytes:
    """Event → JSON."""
    return msgspec.json.encode(event)


def decode(payload: bytes) -> CloudEvent:
    """JSON → event. Raises Refused."""
    try:
        event = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("cloudevent", payload[:120], str(error)) from None
    if event.specversion != "1.0":
        raise Refused("specversion", event.specversion, "1.0")
    return event
