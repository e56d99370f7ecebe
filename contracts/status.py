"""What a device says of itself, retained on its status channel; its last will says the same of it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from contracts.errors import Refused


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of the status channel. Devices of others may have words of their own: any text is stored."""

    state: Literal["online", "offline"]
    since: int  # µs UTC: when the agent started, or stopped; in a last will when it started
    epoch: int  # of the agent's spool: tells its restarts apart
    version: str
    reason: str = ""  # stopped, lost
    connection: int = 0  # which attempt to connect since its start, 1, 2, 3 …; 0: it does not count them


def encode(status: Status) -> bytes:
    """Status → JSON."""
    return msgspec.json.encode(status)


_decoder: Final = msgspec.json.Decoder(Status)


def decode(payload: bytes) -> Status:
    """JSON → status. Raises Refused, also for the words of other makers' devices."""
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("status", payload[:120], str(error)) from None
