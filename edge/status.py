"""What a device says of itself, retained: online; offline by its own word or by its last will."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import msgspec

from contracts.topics import Channel, Device
from runtime.mqtt import Will


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of the status channel."""

    state: Literal["online", "offline"]
    since: int  # µs UTC: when the agent started, or stopped; in a last will when it started
    epoch: int  # of the agent's spool: tells its restarts apart
    version: str
    reason: str = ""  # stopped, lost


def of(state: Literal["online", "offline"], *, since: int, epoch: int, reason: str = "") -> bytes:
    """Status as JSON."""
    return msgspec.json.encode(
        Status(state=state, since=since, epoch=epoch, version=installed(), reason=reason)
    )


def will(device: Device, *, since: int, epoch: int) -> Will:
    """What the broker says when the agent is gone without a word."""
    return Will(
        topic=device.topic(Channel.STATUS), payload=of("offline", since=since, epoch=epoch, reason="lost")
    )


def installed() -> str:
    """Version of this software."""
    try:
        return version("imm-edge")
    except PackageNotFoundError:
        return "unknown"
