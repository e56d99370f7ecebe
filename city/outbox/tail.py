"""The outbox as a list to read along: for server-sent events and other readers that keep their own place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from city.db import Database
from city.outbox.consumers import Positioned
from city.outbox.events import NUMBERED
from city.outbox.tables import outbox
from contracts import cloudevents


class Tail:
    """Reads events in order of their position; a position never appears before a smaller one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._bell = db.bell(NUMBERED)
        self._seen = self._bell.count

    def head(self) -> int:
        """Greatest position so far, 0 where there is none."""
        with self._db.read() as tx:
            return tx.execute(select(func.max(outbox.c.position))).scalar() or 0

    def oldest(self) -> int:
        """Smallest position still kept, 0 where there is none."""
        with self._db.read() as tx:
            return tx.execute(select(func.min(outbox.c.position))).scalar() or 0

    def read(
        self, after: int, limit: int = 100, *, types: Sequence[str] = (), probes: bool = False
    ) -> list[Positioned]:
        """Next events after a position; `types` as in a consumer."""
        self._seen = self._bell.count
        query = select(outbox).where(outbox.c.position > after)
        if not probes:
            query = query.where(outbox.c.probe.is_(False))
        if types:
            query = query.where(matches(types))
        with self._db.read() as tx:
            return [positioned(row) for row in tx.execute(query.order_by(outbox.c.position).limit(limit))]

    async def wait(self, limit: float) -> None:
        """Return when there may be more than the last read saw, at the latest after `limit` seconds."""
        await self._bell.wait(self._seen, limit)


def matches(types: Sequence[str]) -> ColumnElement[bool]:
    """Condition: the type is one of these patterns."""
    exact = [name for name in types if "*" not in name]
    like = [
        outbox.c.type.like(name.replace("_", r"\_").replace("*", "%"), escape="\\")
        for name in types
        if "*" in name
    ]
    return or_(outbox.c.type.in_(exact), *like)


def positioned(row: Row[Any]) -> Positioned:
    """Row of the outbox → event with its position."""
    return Positioned(position=row.position, event=cloudevents.decode(row.event.encode()), probe=row.probe)
