"""Who acts when a clock fires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection

from city.schedule.opaque import Value
from city.schedule.rules import Rule

ALWAYS: Final = "standing"  # key of the clock that a handler keeps itself


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A clock that is firing."""

    kind: str
    key: str
    due: int  # µs UTC at which it was to fire
    now: int  # µs UTC at which it does
    payload: dict[str, Value]


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """Acts on the city's database only, and briefly, in the transaction that marks the clock fired.

    An exception undoes what it did, and it is tried again; after `attempts` the clock is parked, or goes on
    to its next time where it repeats. What must happen outside is told by an event or a notice. It may set,
    move and cancel clocks, also of its own kind.
    """

    kind: str  # `tangi.dispatch-due`: never change it while clocks of it are set
    fire: Callable[[Connection, Fired], None]
    attempts: int = 8
    every: Rule | None = None  # keeps one clock of this kind that always comes again
