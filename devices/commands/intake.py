"""What devices say became of commands: kept in the order of their numbers, whatever comes late or twice."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Connection

from contracts import commands, topics
from contracts.commands import Result
from contracts.errors import Refused, shown
from contracts.topics import DeviceTopic
from devices.commands import model, records
from devices.commands.voice import Voice

_PAYLOAD: Final = 2_000  # characters of a stray that are kept


class Fate(StrEnum):
    """What became of a result: how it is counted."""

    NEWS = "news"
    LATE = "late"  # news, after the desk had given up
    REPEATED = "repeated"
    UNKNOWN = "unknown"  # of no command of ours
    FOREIGN = "foreign"  # of another device's command
    UNREADABLE = "unreadable"


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """One message on a result channel."""

    topic: str
    payload: bytes
    time: int  # µs UTC by our clock


def take(tx: Connection, came: Came, voice: Voice) -> Fate:
    """Keep what a device says, in a transaction that writes."""
    device = _device(came.topic)
    try:
        result = commands.decode_result(came.payload)
    except Refused as refused:
        _stray(tx, came, device, "", Fate.UNREADABLE, str(refused))
        return Fate.UNREADABLE
    old = records.find(tx, result.id, lock=True)
    if old is None:
        _stray(tx, came, device, result.id, Fate.UNKNOWN, came.payload.decode("utf-8", "replace"))
        return Fate.UNKNOWN
    if old.device != device:
        _stray(tx, came, device, result.id, Fate.FOREIGN, came.payload.decode("utf-8", "replace"))
        return Fate.FOREIGN
    return _keep(tx, old, result, came.time, voice)


def _keep(tx: Connection, old: model.Record, result: Result, now: int, voice: Voice) -> Fate:
    new = model.heard(old, result, now)
    if new is None:
        return Fate.REPEATED
    records.put(tx, new, source="device", line=(new.state, new.reason) != (old.state, old.reason))
    voice.changed(tx, old, new)
    return Fate.LATE if new.late and not old.late else Fate.NEWS


def _device(topic: str) -> str:
    parsed = topics.parse(topic)
    return parsed.device.device if isinstance(parsed, DeviceTopic) else ""


def _stray(tx: Connection, came: Came, device: str, command: str, fate: Fate, text: str) -> None:
    payload = text.replace("\0", "")[:_PAYLOAD]
    records.stray(
        tx, device=device, command=shown(command)[:64], reason=fate.value, payload=payload, now=came.time
    )
