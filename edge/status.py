"""What an agent of ours says of itself: online; offline by its own word or by its last will."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from contracts.status import Status, encode
from contracts.topics import Channel, Device
from runtime.mqtt import Will


def of(state: Literal["online", "offline"], *, since: int, epoch: int, reason: str = "") -> bytes:
    """Status as JSON."""
    return encode(Status(state=state, since=since, epoch=epoch, version=installed(), reason=reason))


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
