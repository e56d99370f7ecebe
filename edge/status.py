"""What an agent of ours says of itself: online; offline by its own word or by its last will."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from contracts.status import Status, encode
from contracts.topics import Channel, Device
from runtime.mqtt import Will


def of(
    state: Literal["online", "offline"], *, since: int, epoch: int, connection: int, reason: str = ""
) -> bytes:
    """Status as JSON. `connection`: its number since the start."""
    return encode(
        Status(
            state=state, since=since, epoch=epoch, version=installed(), reason=reason, connection=connection
        )
    )


def will(device: Device, *, since: int, epoch: int) -> Callable[[int], Will]:
    """What the broker says when the agent is gone without a word, by the number of the connection.

    The number tells a will that comes after the next connection is there: it must not undo it.
    """

    def numbered(connection: int) -> Will:
        last = of("offline", since=since, epoch=epoch, connection=connection, reason="lost")
        return Will(topic=device.topic(Channel.STATUS), payload=last)

    return numbered


def installed() -> str:
    """Version of this software."""
    # Where the wheel was unpacked its name says the version; the library that asks costs 2 MB.
    for beside in Path(__file__).parents[1].glob("imm_edge-*.dist-info"):
        return beside.name.removeprefix("imm_edge-").removesuffix(".dist-info")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("imm-edge")
    except PackageNotFoundError:
        return "unknown"
