"""The ledger in its database: one transaction a write; rows are locked, so that a batch is counted once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from contracts import ledger
from contracts.events import Stray
from contracts.ranges import Ranges, union
from store.ledger import holes, strays, tables, totals
from store.ledger.database import Database
from store.ledger.judge import Charge, Epoch, Verdict, epochs, judge
from store.ledger.seen import Seen
from store.sink import Write

_COUNTS: Final = ("received", "stored", "dead", "duplicated", "unsequenced")
_CHUNK: Final = 200  # keys in one statement
_charges: Final = msgspec.msgpack.Decoder(Charge)
_strays: Final = msgspec.json.Decoder(tuple[Stray, ...])
Rows = list[dict[str, Any]]


class Book:
    """The commit side and the reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def preview(self, write: Write) -> Verdict:
        """What the write will mean, unless another worker is faster; changes and locks nothing."""
        with self._database.begin() as connection:
            return self._judge(connection, write, self._received(connection, epochs(write)))

    def commit(self, write: Write) -> Verdict:
        """Make the verdict durable."""
        with self._database.begin() as connection:
            received = self._received(connection, epochs(write), lock=True)
            verdict = self._judge(connection, write, received)
            self._put_received(connection, verdict, received)
            self._put_counts(connection, verdict)
            self._put_tallies(connection, write)
            self._put_gaps(connection, write)
            self._put_letters(connection, write, verdict)
        return verdict

    def _received(
        self, connection: sa.Connection, of: Iterable[Epoch], *, lock: bool = False
    ) -> dict[Epoch, Seen]:
        keys = sorted(of)
        table = tables.received
        if lock and keys:
            fresh = [{**key._asdict(), "ranges": "[]"} for key in keys]
            connection.execute(self._insert(table).on_conflict_do_nothing(), fresh)
        found: dict[Epoch, Seen] = {}
        for start in range(0, len(keys), _CHUNK):
            query = (
                sa.select(table)
                .where(
                    sa.tuple_(table.c.device, table.c.channel, table.c.epoch).in_(
                        keys[start : start + _CHUNK]
                    )
                )
                .order_by(table.c.device, table.c.channel, table.c.epoch)
            )
            for row in connection.execute(query.with_for_update() if lock else query):
                found[Epoch(row.device, row.channel, row.epoch)] = Seen(json.loads(row.ranges))
        return found

    def _judge(self, connection: sa.Connection, write: Write, received: dict[Epoch, Seen]) -> Verdict:
        table = tables.dead_letters
        ids = [arrival.replays for arrival in write.arrivals if arrival.replays]
        waiting: dict[str, Charge] = {}
        if ids:
            query = sa.select(table.c.id, table.c.charged).where(
                table.c.id.in_(ids), table.c.replayed.is_(None)
            )
            rows = connection.execute(query.order_by(table.c.id).with_for_update())
            waiting = {row.id: _charges.decode(row.charged) for row in rows}
        return judge(
            write, lambda epoch, number: epoch in received and received[epoch].holds(number), waiting.get
        )

    def _put_received(self, connection: sa.Connection, verdict: Verdict, received: dict[Epoch, Seen]) -> None:
        table = tables.received
        rows: Rows = []
        for epoch, ranges in verdict.ranges.items():
            seen = received[epoch]
            for first, last in ranges:
                seen.add(first, last)
            rows.append(
                {"d": epoch.device, "c": epoch.channel, "e": epoch.epoch, "r": json.dumps(seen.ranges)}
            )
        if rows:
            connection.execute(
                sa.update(table)
                .where(
                    table.c.device == sa.bindparam("d"),
                    table.c.channel == sa.bindparam("c"),
                    table.c.epoch == sa.bindparam("e"),
                )
                .values(ranges=sa.bindparam("r")),
                rows,
            )

    def _put_counts(self, connection: sa.Connection, verdict: Verdict) -> None:
        table = tables.counts
        rows = [
            {
                "device": place.device.device,
                "channel": place.channel,
                "hour": hour,
                "site": place.device.site,
                "kind": str(place.device.kind),
                **{name: getattr(delta, name) for name in _COUNTS},
            }
            for (place, hour), delta in verdict.deltas.items()
        ]
        statement = self._insert(table)
        added = {name: table.c[name] + statement.excluded[name] for name in _COUNTS}
        self._upsert(connection, statement, rows, added)

    def _put_tallies(self, connection: sa.Connection, write: Write) -> None:
        rows: Rows = []
        heads: Rows = []
        for device, tally in write.tallies:
            when = {"epoch": tally.epoch, "time": tally.time}
            heads.append({"device": device.device, **when, "spooled": tally.spooled, "oldest": tally.oldest})
            rows += [
                {
                    "device": device.device,
                    "site": device.site,
                    "kind": str(device.kind),
                    **msgspec.structs.asdict(row),
                    "strays": msgspec.json.encode(row.strays).decode(),
                    **when,
                }
                for row in tally.rows
            ]
        for table, found in ((tables.tallies, rows), (tables.spools, heads)):
            statement = self._insert(table)
            newest = {
                column.name: statement.excluded[column.name] for column in table.c if not column.primary_key
            }
            is_newer = sa.tuple_(statement.excluded.epoch, statement.excluded.time) > sa.tuple_(
                table.c.epoch, table.c.time
            )
            self._upsert(connection, statement, found, newest, is_newer)

    def _put_gaps(self, connection: sa.Connection, write: Write) -> None:
        rows = [
            {
                "device": device.device,
                "channel": gap.channel,
                "epoch": gap.epoch,
                "first": first,
                "last": last,
                "reason": gap.reason,
            }
            for device, gap in write.gaps
            for first, last in gap.ranges
        ]
        if rows:
            connection.execute(self._insert(tables.gaps).on_conflict_do_nothing(), rows)

    def _put_letters(self, connection: sa.Connection, write: Write, verdict: Verdict) -> None:
        table = tables.dead_letters
        rows = [
            {
                "id": letter.id,
                "charged": msgspec.msgpack.encode(charge),
                "letter": msgspec.msgpack.encode(letter),
                "replayed": None,
            }
            for letter, charge in verdict.kept
        ]
        if rows:
            connection.execute(sa.insert(table), rows)
        if verdict.replayed:
            connection.execute(
                sa.update(table).where(table.c.id.in_(verdict.replayed)).values(replayed=write.at)
            )

    def _insert(self, table: sa.Table) -> Any:
        return sqlite.insert(table) if self._database.is_sqlite else postgresql.insert(table)

    @staticmethod
    def _upsert(
        connection: sa.Connection,
        statement: Any,
        rows: Rows,
        changes: dict[str, Any],
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        """Insert or change rows in order of their keys, so that no two workers deadlock."""
        if not rows:
            return
        keys = [column.name for column in statement.table.primary_key]
        rows.sort(key=lambda row: tuple(row[name] for name in keys))
        connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_=changes, where=where), rows
        )

    def fold(self) -> None:
        """Nothing to tidy: rows are changed in place."""

    def rows(self, start: int, end: int, *, device: str = "", limit: int = 10_000) -> list[ledger.Row]:
        with self._database.begin() as connection:
            counted = connection.execute(_of(tables.counts, start, end, device, limit)).mappings().all()
            told = connection.execute(_of(tables.tallies, start, end, device, limit)).mappings().all()
            lost = self._without_what_came(connection, told)
        return _joined(counted, lost)[:limit]

    def totals(self, start: int, end: int, *, device: str = "") -> ledger.Totals:
        with self._database.begin() as connection:
            known = connection.execute(totals.plain(start, end, device)).one()
            counted, told = (
                connection.execute(query).mappings().all() for query in totals.strayed(start, end, device)
            )
            lost = self._without_what_came(connection, told)
        return totals.add(known, _joined(counted, lost))

    def _without_what_came(
        self, connection: sa.Connection, told: Sequence[sa.RowMapping]
    ) -> list[dict[str, Any]]:
        """Tallies whose `shed` is what was lost: a batch given up on its way may come all the same."""
        given_up = [_strays.decode(row["strays"]) for row in told]
        keys = {
            Epoch(row["device"], row["channel"], stray.epoch)
            for row, found in zip(told, given_up, strict=True)
            for stray in found
        }
        received = {epoch: seen.ranges for epoch, seen in self._received(connection, keys).items()}
        return [
            {
                **row,
                "shed": row["shed"]
                - strays.came(
                    found,
                    lambda epoch: received.get(Epoch(row["device"], row["channel"], epoch), ()),  # noqa: B023  # called at once
                ),
            }
            for row, found in zip(told, given_up, strict=True)
        ]

    def holes(self, *, device: str = "", limit: int = 1_000) -> list[ledger.Hole]:
        with self._database.begin() as connection:
            received = connection.execute(_device(tables.received, device)).all()
            gaps = connection.execute(_device(tables.gaps, device)).all()
            spools = connection.execute(_device(tables.spools, device)).all()
        came: dict[Epoch, Ranges] = {
            Epoch(row.device, row.channel, row.epoch): union(tuple(pair) for pair in json.loads(row.ranges))
            for row in received
        }
        declared = [
            (Epoch(row.device, row.channel, row.epoch), row.first, row.last, row.reason) for row in gaps
        ]
        heads = {row.device: holes.Spool(row.epoch, row.time, row.spooled, row.oldest) for row in spools}
        return holes.find_all(came, declared, heads)[:limit]


def _device(table: sa.Table, device: str) -> sa.Select[Any]:
    query = sa.select(table).order_by(*table.primary_key)
    return query.where(table.c.device == device) if device else query


def _of(table: sa.Table, start: int, end: int, device: str, limit: int) -> sa.Select[Any]:
    query = sa.select(table).where(table.c.hour >= start, table.c.hour < end)
    if device:
        query = query.where(table.c.device == device)
    return query.order_by(table.c.hour, table.c.device, table.c.channel).limit(limit)


def _joined(counted: Iterable[Any], told: Sequence[Any]) -> list[ledger.Row]:
    """Counts and tallies of the same device, channel and hour as one row, in order."""
    merged: dict[tuple[int, str, str], dict[str, Any]] = {}
    empty = {"recorded": None, "sent": None, "shed": 0, **dict.fromkeys(_COUNTS, 0)}
    for row in (*counted, *told):
        merged.setdefault((row["hour"], row["device"], row["channel"]), dict(empty)).update(row)
    fields = ledger.Row.__struct_fields__
    return [ledger.Row(**{name: merged[key][name] for name in fields}) for key in sorted(merged)]
