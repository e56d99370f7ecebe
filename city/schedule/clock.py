"""A clock, as it is set and as it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from sqlalchemy import RowMapping

from city.schedule.opaque import Value
from city.schedule.rules import Rule


class State(StrEnum):
    """What a clock is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"  # its handler failed too often; it waits for an operator


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What is to happen, and when. Kind and key name it: setting it again moves it."""

    kind: str  # whose handler it calls: `tangi.dispatch-due`
    key: str  # of the kind's own, an id: never a name or number of a person
    due: int  # µs UTC
    calendar: str = "always"  # always, hours, days: how a pause counts what is left
    payload: dict[str, Value] = {}  # ids, times and switches; nothing about a person
    every: Rule | None = None  # where it comes again


class Standing(Clock, frozen=True, kw_only=True):
    """A clock as it stands."""

    id: int
    state: State
    remaining: int | None  # µs of its calendar, while it is paused
    reason: str  # of the pause
    attempts: int  # failures since it fell due
    error: str  # the last failure; of a repeated one also when it goes on
    changed: int  # µs UTC


def standing(row: RowMapping) -> Standing:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in Standing.__struct_fields__}, Standing)
