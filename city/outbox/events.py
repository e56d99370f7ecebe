"""Append an event in the transaction of the change that it tells of."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert

from city.db import notify
from city.outbox.consumers import short
from city.outbox.tables import outbox
from contracts import cloudevents, instants
from contracts.cloudevents import PREFIX, CloudEvent

NEW: Final = "imm_outbox_new"  # bell: there are events without a position
NUMBERED: Final = "imm_outbox_numbered"  # bell: there are events with new positions


def append(tx: Connection, *events: CloudEvent, probe: bool = False) -> None:
    """Hand over events in their order; they leave when the transaction has committed."""
    rows = [
        {
            "type": short(event.type),
            "probe": probe,
            "created": instants.from_rfc3339(event.time),
            "event": cloudevents.encode(event).decode(),
        }
        for event in events
    ]
    if rows:
        tx.execute(insert(outbox).inline(), rows)  # nobody asks for the rows' ids
    notify(tx, NEW)


def event(type_: str, *, id: str, source: str, subject: str, time: int, data: Any) -> CloudEvent:  # noqa: A002 - CloudEvents' word
    """Event of ours: `alert.firing` → `id.go.cirebonkota.imm.alert.firing`; `time` in µs UTC."""
    return CloudEvent(
        id=id,
        source=source,
        type=PREFIX + type_,
        subject=subject,
        time=instants.to_rfc3339(time),
        data=data,
    )


class _Head(msgspec.Struct):
    subject: str = ""


_head: Final = msgspec.json.Decoder(_Head)


def subject(text: str) -> str:
    """Subject of an event in JSON; empty where it cannot be read."""
    try:
        return _head.decode(text).subject
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
