"""Sketches in the ledger's database. In InfluxDB everybody who may read a series would read them too."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from contracts.sketches import Subject
from store.ledger.database import Database
from store.ledger.tables import sketches, visitors
from store.visitors.shelf import Hour, Level, Waiting
from store.visitors.split import Arrived

_LOCK: Final = 0x51E7C4  # one process merges at a time on PostgreSQL; SQLite has one writer anyway


class Sketches:
    """The shelf; `add` is for the sink."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, arrived: Sequence[Arrived]) -> None:
        """Make arrivals durable. Twice is as good as once: they merge."""
        if not arrived:
            return
        rows = [{"device": one.device, "value": one.value} for one in arrived]
        with self._database.begin() as connection:
            connection.execute(sa.insert(sketches), rows)

    @contextlib.contextmanager
    def turn(self) -> Iterator[_Turn]:
        """One transaction, one process at a time."""
        with self._database.begin() as connection:
            if not self._database.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield _Turn(connection)


class _Turn:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def waiting(self, limit: int) -> list[Waiting]:
        rows = self._connection.execute(sa.select(sketches).order_by(sketches.c.id).limit(limit))
        return [Waiting(row.id, row.device, bytes(row.value)) for row in rows]

    def forget(self, waiting: Iterable[Waiting]) -> None:
        ids = [one.id for one in waiting]
        if ids:
            self._connection.execute(sa.delete(sketches).where(sketches.c.id.in_(ids)))

    def hours(self, site: str, subject: Subject, first: int, last: int) -> list[Hour]:
        query = (
            sa.select(visitors)
            .where(visitors.c.site == site, visitors.c.subject == str(subject))
            .where(visitors.c.start >= first, visitors.c.start < last)
            .order_by(visitors.c.start, visitors.c.key)
        )
        return [_hour(row._mapping) for row in self._connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name

    def put(self, hour: Hour) -> None:
        values = {
            "day": hour.day,
            "body": hour.body,
            "devices": json.dumps(hour.devices),
            "due": int(hour.due),
            "version": hour.version,
        }
        identity = {"site": hour.site, "subject": str(hour.subject), "start": hour.start, "key": hour.key}
        if not self._connection.execute(sa.update(visitors).where(_same(hour)).values(values)).rowcount:
            self._connection.execute(sa.insert(visitors).values({**identity, **values}))

    def due(self, level: Level, before: int, limit: int) -> list[Hour]:
        columns = [column for column in visitors.c if column.name != "body"]
        query = (
            sa.select(*columns)
            .where(visitors.c.due.bitwise_and(int(level)) != 0, visitors.c.start < before)
            .order_by(visitors.c.start, visitors.c.site)
            .limit(limit)
        )
        return [_hour({**row._mapping, "body": b""}) for row in self._connection.execute(query)]  # noqa: SLF001

    def settle(self, hours: Iterable[Hour], level: Level) -> None:
        for hour in hours:
            self._connection.execute(
                sa.update(visitors)
                .where(_same(hour), visitors.c.version == hour.version)
                .values(due=visitors.c.due.bitwise_and(~int(level)))
            )

    def expire(self, before: int) -> int:
        return self._connection.execute(sa.delete(visitors).where(visitors.c.start < before)).rowcount


def _same(hour: Hour) -> sa.ColumnElement[bool]:
    return sa.and_(
        visitors.c.site == hour.site,
        visitors.c.subject == str(hour.subject),
        visitors.c.start == hour.start,
        visitors.c.key == hour.key,
    )


def _hour(row: Any) -> Hour:
    fields = {**row}
    return Hour(
        **{
            **fields,
            "subject": Subject(fields["subject"]),
            "body": bytes(fields["body"]),
            "devices": tuple(json.loads(fields["devices"])),
            "due": Level(fields["due"]),
        }
    )
