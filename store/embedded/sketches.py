"""Sketches in the embedded file: tables of their own, which no reading of series names."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from contracts.sketches import Subject
from store.embedded.file import Connection, File, first
from store.visitors.shelf import Hour, Level, Waiting
from store.visitors.split import Arrived

_COLUMNS: Final = "site, subject, start, key, day, body, devices, due, version"
_SAME: Final = "site = ? AND subject = ? AND start = ? AND key = ?"


class Sketches:
    """The shelf; `insert` is for the sink, in its transaction and turn."""

    def __init__(self, file: File) -> None:
        self._file = file
        with file.reading() as cursor:
            row = first(cursor, "SELECT coalesce(max(id), 0) FROM sketches")
        self._last = int(row[0]) if row else 0

    def insert(self, connection: Connection, arrived: Sequence[Arrived]) -> None:
        """Put arrivals on the shelf: durable with the write that they came in."""
        if not arrived:
            return
        ids = range(self._last + 1, self._last + 1 + len(arrived))
        self._last = ids[-1]
        connection.execute(
            "INSERT INTO sketches SELECT unnest($i::BIGINT[]), unnest($d::VARCHAR[]), unnest($v::BLOB[])",
            {"i": list(ids), "d": [one.device for one in arrived], "v": [one.value for one in arrived]},
        )

    @contextlib.contextmanager
    def turn(self) -> Iterator[_Turn]:
        """One transaction in the writer's turn."""
        with self._file.writing() as connection:
            yield _Turn(connection)


class _Turn:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def waiting(self, limit: int) -> list[Waiting]:
        rows = self._connection.execute(
            f"SELECT id, device, value FROM sketches ORDER BY id LIMIT {limit}"
        ).fetchall()
        return [Waiting(number, device, bytes(value)) for number, device, value in rows]

    def forget(self, waiting: Iterable[Waiting]) -> None:
        ids = [one.id for one in waiting]
        if ids:
            self._connection.execute("DELETE FROM sketches WHERE id IN (SELECT unnest(?))", [ids])

    def hours(self, site: str, subject: Subject, first: int, last: int) -> list[Hour]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM visitors WHERE site = ? AND subject = ? AND start >= ? AND start < ? "
            "ORDER BY start, key",
            [site, str(subject), first, last],
        ).fetchall()
        return [_hour(row) for row in rows]

    def put(self, hour: Hour) -> None:
        identity = [hour.site, str(hour.subject), hour.start, hour.key]
        self._connection.execute(f"DELETE FROM visitors WHERE {_SAME}", identity)
        self._connection.execute(
            "INSERT INTO visitors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*identity, hour.day, hour.body, json.dumps(hour.devices), int(hour.due), hour.version],
        )

    def due(self, level: Level, before: int, limit: int) -> list[Hour]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS.replace('body', 'NULL')} FROM visitors "
            f"WHERE due & {int(level)} != 0 AND start < ? ORDER BY start, site LIMIT {limit}",
            [before],
        ).fetchall()
        return [_hour(row) for row in rows]

    def settle(self, hours: Iterable[Hour], level: Level) -> None:
        for hour in hours:
            self._connection.execute(
                f"UPDATE visitors SET due = due & ~{int(level)} WHERE {_SAME} AND version = ?",
                [hour.site, str(hour.subject), hour.start, hour.key, hour.version],
            )

    def expire(self, before: int) -> int:
        row = first(self._connection, "DELETE FROM visitors WHERE start < ?", [before])
        return int(row[0]) if row else 0


def _hour(row: Sequence[Any]) -> Hour:
    site, subject, start, key, day, body, devices, due, version = row
    return Hour(
        site=site,
        subject=Subject(subject),
        start=start,
        key=key,
        day=day,
        body=bytes(body or b""),
        devices=tuple(json.loads(devices)),
        due=Level(due),
        version=version,
    )
