"""Who takes events from the outbox, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from sqlalchemy import Connection

from city.db import Lease
from contracts.cloudevents import PREFIX, CloudEvent


class Positioned(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its place in the one order that all readers share."""

    position: int
    event: CloudEvent
    probe: bool = False


class _Consumer(msgspec.Struct, frozen=True, kw_only=True):
    name: str  # of its cursor: never change it
    types: tuple[str, ...] = ()  # `alert.firing`, `alert.*`; empty for all
    probes: bool = False  # whether it gets probes too
    attempts: int = 5  # failures of one event after which it is parked and the next one has its turn

    def wants(self, type_: str, *, probe: bool) -> bool:
        """Whether it takes events of this type (without the platform's prefix)."""
        if probe and not self.probes:
            return False
        return not self.types or any(fnmatchcase(type_, pattern) for pattern in self.types)


class Handler(_Consumer, frozen=True, kw_only=True):
    """State in the city's database: `apply` runs in the transaction that moves the cursor, so exactly once.

    An exception undoes what it did; after `attempts` of them the event is parked.
    """

    apply: Callable[[Connection, CloudEvent], None]


class Deliverer(_Consumer, frozen=True, kw_only=True):
    """An effect outside the database, at least once: `deliver` returns when it is done.

    Raise city.errors.Later where the world outside is away: tried again for ever. Other errors are attempts.
    """

    deliver: Callable[[CloudEvent], Awaitable[None]]
    limit: float = 10.0  # seconds one delivery may take
    beside: Callable[[], Coroutine[Any, Any, None]] | None = (
        None  # runs as long as this process is the one relay
    )


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Work of one process at a time, the relay: it holds the lease, and guards with it what it commits."""

    name: str
    run: Callable[
        [Lease], Coroutine[Any, Any, None]
    ]  # started again after a fault; raises LeaseLost to end all
    bells: tuple[str, ...] = ()  # that other processes ring for it


Consumer = Handler | Deliverer


def short(type_: str) -> str:
    """Type of an event without the platform's prefix: `alert.firing`."""
    return type_.removeprefix(PREFIX)
