"""What a need-to-know case is to those who guard it: who may look, and since when."""

from __future__ import annotations

import base64
import secrets
from enum import StrEnum

import msgspec


class Duty(StrEnum):
    """What someone does in a case's team."""

    LEAD = "lead"  # brings others in and lets them go
    WORKER = "worker"
    SUPERVISOR = "supervisor"  # looks at the team's work, hears the alarm, reviews forced openings


class Verdict(StrEnum):
    """What a supervisor says of a forced opening."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case without any of its content: that lies in the vault, under the programme's own kinds."""

    id: str  # opaque: says neither when nor the how-manieth
    programme: str
    unit: str  # id of the unit whose case it is
    opened: int  # µs UTC
    reviewed: int  # µs UTC of a supervisor's last look; of the opening before the first
    closed: int | None = None  # µs UTC


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Someone in a case's team."""

    case: str
    person: str  # id
    duty: Duty
    since: int  # µs UTC


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """That a caller may look into a case now."""

    case: Case
    duty: Duty | None  # None: by force
    until: int | None = None  # µs UTC; None: as long as he is in the team


def opaque() -> str:
    """A new id of 128 random bits: ids in order would tell how many cases there are, and when."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
