"""Presence: whether a device is there, since when, how that is known, and what would change it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec


class State(StrEnum):
    """What is known of a device."""

    NEVER = "never"  # in the roster, and never heard of
    ONLINE = "online"
    LATE = "late"  # there, but its data is not
    OFFLINE = "offline"


class Reason(StrEnum):
    """How that is known."""

    NONE = ""
    LOST = "lost"  # its last will: the connection broke without a word
    STOPPED = "stopped"  # it said goodbye
    SILENT = "silent"  # nothing came for too long
    BACKLOG = "backlog"  # what comes is old: it sends what it kept


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """One device."""

    device: str
    site: str
    state: State
    reason: Reason = Reason.NONE
    since: int = 0  # µs UTC: when it came into this state
    heard: int = 0  # µs UTC: when ingest last accepted something of it; 0: never
    sample: int = 0  # µs UTC: time of its newest sample
    epoch: int = 0  # of its agent: tells its starts apart
    version: str = ""  # of its agent
    flapping: bool = False  # it comes and goes: held as one trouble, not as many
    maintained: bool = False  # planned work: nobody is told
    raised: int = 0  # µs UTC: since when alerts knows; 0: it does not


class Reader(Protocol):
    """How everyone asks; answers are at most a few seconds old. Calls block: use a thread."""

    def get(self, device: str) -> Presence | None:
        """One device, or None where it is unknown."""
        ...

    def list(self, *, site: str = "", state: State | None = None) -> list[Presence]:
        """Devices in order of (site, device)."""
        ...
