"""A silence: nobody is told of the alerts that it matches, from one instant to another."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from alerts.quiet.matchers import Matcher, check
from contracts.errors import Refused
from contracts.instants import DAY

LONGEST: Final = 30 * DAY
FARTHEST: Final = 366 * DAY  # ahead that one may begin
_REASON: Final = 2_000  # characters


class State(StrEnum):
    """Where a silence stands."""

    PLANNED = "planned"
    ACTIVE = "active"
    EXPIRED = "expired"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants silent."""

    matchers: tuple[Matcher, ...]
    starts: int  # µs UTC
    ends: int
    until_resolved: bool = False  # it lapses when the last alert that it holds back is over, before its end
    reason: str

    def checked(self, now: int) -> Plan:
        """The plan where it can be kept. Raises Refused."""
        check(self.matchers)
        starts = max(self.starts, now)
        if starts > now + FARTHEST:
            raise Refused("starts", self.starts, "at most a year ahead")
        if not starts < self.ends <= starts + LONGEST:
            raise Refused("ends", self.ends, "after it starts and after now, at most 30 days later")
        if not 1 <= len(self.reason.strip()) <= _REASON:
            raise Refused("reason", self.reason, f"1 to {_REASON} characters")
        if self.until_resolved and starts > now:
            raise Refused(
                "until_resolved", True, "only of a silence that starts now: nothing fires later yet"
            )
        return msgspec.structs.replace(self, starts=starts, reason=self.reason.strip())


class Silence(Plan, frozen=True, kw_only=True):
    """A silence as it stands."""

    id: str
    revision: int
    by: str  # who wants it
    created: int  # µs UTC
    updated: int
    ended: int | None = None  # µs UTC when it lapsed, or was ended
    ended_by: str = ""  # a person; `/clock` where its time was over, `/alerts` where all had resolved

    def standing(self, now: int) -> State:
        """Where it stands at an instant (µs UTC)."""
        if self.ended is not None or now >= self.ends:
            return State.EXPIRED
        return State.ACTIVE if self.starts <= now else State.PLANNED
