"""Where sketches wait and lie merged: the port that both engines fill. No reader of series sees it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from enum import IntFlag
from typing import NamedTuple, Protocol

import msgspec

from contracts.sketches import Subject


class Level(IntFlag):
    """Over which time figures are shown."""

    HOUR = 1
    DAY = 2


class Waiting(NamedTuple):
    """A sketch as it came, not merged yet."""

    id: int  # in the order of arrival
    device: str
    value: bytes  # contracts.sketches


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """All sketches of one site and hour that one key made, merged."""

    site: str
    subject: Subject
    start: int  # µs UTC, a whole hour
    key: str  # id of the site key
    day: str  # local date of the key
    body: bytes  # HyperLogLog
    devices: tuple[str, ...]  # which sent some, in order
    due: Level = Level.HOUR | Level.DAY  # figures that do not tell of all this yet
    version: int = 0  # greater each time it changes


class Place(NamedTuple):
    """Whose figures are due: an hour or a day of a site."""

    site: str
    subject: Subject
    first: int  # hours from first on, before last (µs UTC)
    last: int


class Turn(Protocol):
    """One transaction, in which no other process merges."""

    def waiting(self, limit: int) -> list[Waiting]:
        """The oldest arrivals."""
        ...

    def forget(self, waiting: Iterable[Waiting]) -> None:
        """Remove arrivals."""
        ...

    def hours(self, site: str, subject: Subject, first: int, last: int) -> list[Hour]:
        """Merged hours with first ≤ start < last, by start and key."""
        ...

    def put(self, hour: Hour) -> None:
        """Add one, or change it."""
        ...

    def due(self, level: Level, before: int, limit: int) -> list[Hour]:
        """Some hours that started before an instant and of which figures are due; bodies left out."""
        ...

    def settle(self, hours: Iterable[Hour], level: Level) -> None:
        """The figures tell of these now, unless they changed meanwhile."""
        ...

    def expire(self, before: int) -> int:
        """Remove hours that started before an instant; return how many."""
        ...


class Shelf(Protocol):
    """Calls block: use a thread. Raises the store's errors."""

    def turn(self) -> AbstractContextManager[Turn]:
        """One transaction; durable when the block ends."""
        ...
