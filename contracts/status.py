"""What a device says of itself, retained on its status channel; its last will says the same of it."""

from __future__ import annotations

from typing import Literal

import msgspec


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of the status channel. Devices of others may have words of their own: any text is stored."""

    state: Literal["online", "offline"]
    since: int  # µs UTC: when the agent started, or stopped; in a last will when it started
    epoch: int  # of the agent's spool: tells its restarts apart
    version: str
    reason: str = ""  # stopped, lost


def encode(status: Status) -> bytes:
    """Status → JSON."""
    return msgspec.json.encode(status)
