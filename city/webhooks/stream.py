"""The outbox as webhooks read it: once for all, the newest kept in memory, older ones from the table."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select

from city.outbox.letters import Letter
from city.outbox.tables import outbox
from city.outbox.tail import matches

_RECENT: Final = 4_000  # events in memory; whoever is further behind reads the table
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is sent."""

    position: int
    key: str  # `webhook-id`
    type: str  # without the platform's prefix
    subject: str
    created: int  # µs UTC
    body: str  # CloudEvent in JSON


class Recent:
    """The newest events; all after `floor` up to `head` are here."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.floor = head
        self._events: list[Event] = []

    def add(self, found: Sequence[Event], head: int) -> None:
        """The next events in order, up to `head`."""
        self._events.extend(found)
        self.head = head
        if len(self._events) > 2 * _RECENT:
            self.floor = self._events[-_RECENT - 1].position
            del self._events[:-_RECENT]

    def after(self, position: int) -> Iterator[Event]:
        """Events after a position that is not below the floor."""
        first = bisect_right(self._events, position, key=lambda event: event.position)
        return iter(self._events[first:])


def head(tx: Connection) -> int:
    """Position of the newest event."""
    return tx.execute(select(func.max(outbox.c.position))).scalar() or 0


def follow(tx: Connection, after: int, limit: int) -> tuple[list[Event], int]:
    """Next events, none of them a probe, and the position up to which that were all."""
    query = select(outbox).where(outbox.c.position > after).order_by(outbox.c.position).limit(limit)
    rows = tx.execute(query).all()
    return [_event(row) for row in rows if not row.probe], rows[-1].position if rows else after


def read(tx: Connection, after: int, limit: int, types: Sequence[str]) -> list[Event]:
    """Next events of these types (patterns; none: all)."""
    query = select(outbox).where(outbox.c.position > after, outbox.c.probe.is_(False))
    if types:
        query = query.where(matches(types))
    return [_event(row) for row in tx.execute(query.order_by(outbox.c.position).limit(limit))]


def older(tx: Connection, after: int, limit: int, types: Sequence[str]) -> tuple[int, list[Event]]:
    """Position of the oldest event that is kept, 0 where there is none, and what `read` finds beside it."""
    first = tx.execute(select(func.min(outbox.c.position))).scalar() or 0
    return first, read(tx, after, limit, types)


class _Head(msgspec.Struct):
    id: str = ""
    source: str = ""
    subject: str = ""


_decoder: Final = msgspec.json.Decoder(_Head)


def key(id_: str, source: str) -> str:
    """Key by which a receiver knows an event again: its id, where that can stand in a header."""
    if _KEY.fullmatch(id_):
        return id_
    return hashlib.sha256(f"{source}\n{id_}".encode()).hexdigest()


def again(letter: Letter) -> Event:
    """The event of a dead letter, with the key that it had."""
    return _made(letter.position, letter.type, letter.parked, letter.event)


def _event(row: Row[Any]) -> Event:
    return _made(row.position, row.type, row.created, row.event)


def _made(position: int, type_: str, created: int, body: str) -> Event:
    try:
        found = _decoder.decode(body)
    except msgspec.MsgspecError:
        found = _Head(id=body)  # sent as it is: the receiver refuses it, and it becomes a dead letter
    return Event(
        position=position,
        key=key(found.id, found.source),
        type=type_,
        subject=found.subject,
        created=created,
        body=body,
    )
