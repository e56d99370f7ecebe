"""The ledger in the embedded file: deltas appended with the samples, summed when read, folded by upkeep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np

from contracts import ledger
from contracts.events import Gap, Tally
from contracts.topics import Device, Kind
from store.embedded.file import Connection, File
from store.embedded.samples import append
from store.ledger import holes
from store.ledger.judge import Charge, Epoch, Place, Verdict, judge
from store.ledger.seen import Seen
from store.sink import Write

_FOLD: Final = 50_000  # appended rows after which upkeep folds a table
_COUNTS: Final = ("received", "stored", "dead", "duplicated", "unsequenced")
_charges: Final = msgspec.msgpack.Decoder(Charge)


class Ledger:
    """Judge, insert within a transaction, settle once it is durable: in the file's turn. Reading is free."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._streams: dict[Place, int] = {}
        self._new: list[Place] = []
        self._seen: dict[Epoch, Seen] = {}
        self._appended = 0  # rows since the last fold
        self._unfolded: set[int] = set()  # hours in which rows were appended since
        with file.writing() as connection:
            self._load(connection)

    def _load(self, connection: Connection) -> None:
        places: dict[int, Place] = {}
        for number, site, kind, device, channel in connection.execute("FROM streams ORDER BY id").fetchall():
            places[number] = Place(Device(site=site, kind=Kind(kind), device=device), channel)
        self._streams = {place: number for number, place in places.items()}
        received = connection.execute(
            "SELECT stream, epoch, first, last FROM received ORDER BY ALL"
        ).fetchall()
        for stream, epoch, first, last in received:
            place = places[stream]
            self._of(Epoch(place.device.device, place.channel, epoch)).add(first, last)
        self._unfolded = {
            hour
            for table in ("counts", "tallies")
            for (hour,) in connection.execute(
                f"SELECT DISTINCT hour FROM "
                f"(SELECT hour FROM {table} GROUP BY stream, hour HAVING count(*) > 1)"
            ).fetchall()
        }

    def judge(self, connection: Connection, write: Write) -> Verdict:
        """What the write means; nothing is changed yet."""
        ids = [arrival.replays for arrival in write.arrivals if arrival.replays]
        waiting: dict[str, Charge] = {}
        if ids:
            rows = connection.execute(
                "SELECT id, charged FROM dead_letters WHERE replayed IS NULL AND id IN (SELECT unnest(?))",
                [ids],
            ).fetchall()
            waiting = {letter: _charges.decode(charged) for letter, charged in rows}
        return judge(write, self._holds, waiting.get)

    def _holds(self, epoch: Epoch, number: int) -> bool:
        seen = self._seen.get(epoch)
        return seen is not None and seen.holds(number)

    def _of(self, epoch: Epoch) -> Seen:
        seen = self._seen.get(epoch)
        if seen is None:
            seen = self._seen[epoch] = Seen()
        return seen

    def insert(self, connection: Connection, write: Write, verdict: Verdict) -> None:
        """Write the verdict's rows."""
        self._new = []
        self._insert_received(connection, write, verdict)
        deltas = [
            (self._stream(place), hour, *(getattr(delta, name) for name in _COUNTS))
            for (place, hour), delta in verdict.deltas.items()
        ]
        _append(connection, "counts", deltas)
        self._unfolded.update(hour for _, hour in verdict.deltas)
        self._appended += len(deltas)
        for device, tally in write.tallies:
            self._insert_tally(connection, device, tally)
        for device, gap in write.gaps:
            self._insert_gap(connection, device, gap)
        for letter, charge in verdict.kept:
            row = [letter.id, msgspec.msgpack.encode(charge), msgspec.msgpack.encode(letter)]
            connection.execute("INSERT INTO dead_letters VALUES (?, ?, ?, NULL)", row)
        if verdict.replayed:
            connection.execute(
                "UPDATE dead_letters SET replayed = ? WHERE id IN (SELECT unnest(?))",
                [write.at, verdict.replayed],
            )
        for place in self._new:
            device = place.device
            connection.execute(
                "INSERT INTO streams VALUES (?, ?, ?, ?, ?)",
                [self._streams[place], device.site, str(device.kind), device.device, place.channel],
            )

    def _insert_received(self, connection: Connection, write: Write, verdict: Verdict) -> None:
        if not verdict.numbers:
            return
        devices = {one.device.device: one.device for one in write.arrivals}
        devices |= {one.device.device: one.device for one in write.dead if one.device}
        rows = [
            (self._stream(Place(devices[epoch.device], epoch.channel)), epoch.epoch, first, last)
            for epoch, ranges in verdict.ranges.items()
            for first, last in ranges
        ]
        _append(connection, "received", rows)
        self._appended += len(rows)

    def _insert_tally(self, connection: Connection, device: Device, tally: Tally) -> None:
        rows = [
            (
                self._stream(Place(device, row.channel)),
                row.hour,
                row.recorded,
                row.sent,
                row.shed,
                tally.epoch,
                tally.time,
            )
            for row in tally.rows
        ]
        _append(connection, "tallies", rows)
        strays = [
            (
                self._stream(Place(device, row.channel)),
                row.hour,
                tally.epoch,
                tally.time,
                *msgspec.structs.astuple(stray),
            )
            for row in tally.rows
            for stray in row.strays
        ]
        _append(connection, "strays", strays)
        self._unfolded.update(row.hour for row in tally.rows)
        connection.execute(
            "INSERT INTO spools VALUES (?, ?, ?, ?, ?)",
            [device.device, tally.epoch, tally.time, tally.spooled, tally.oldest],
        )
        self._appended += len(rows) + len(strays)

    def _insert_gap(self, connection: Connection, device: Device, gap: Gap) -> None:
        stream = self._stream(Place(device, gap.channel))
        for first, last in gap.ranges:
            connection.execute(
                "INSERT INTO gaps VALUES (?, ?, ?, ?, ?)", [stream, gap.epoch, first, last, gap.reason]
            )

    def _stream(self, place: Place) -> int:
        number = self._streams.get(place)
        if number is None:
            number = self._streams[place] = len(self._streams)
            self._new.append(place)
        return number

    def settle(self, verdict: Verdict) -> None:
        """What insert wrote is durable."""
        self._new = []
        for epoch, ranges in verdict.ranges.items():
            seen = self._of(epoch)
            for first, last in ranges:
                seen.add(first, last)

    def forget(self) -> None:
        """What insert wrote is not durable: forget the streams that it numbered."""
        for place in self._new:
            del self._streams[place]
        self._new = []

    def fold(self) -> None:
        """Sum and merge what was appended, when there is enough of it; call it now and then."""
        if self._appended < _FOLD:
            return
        with self._file.writing() as connection:
            connection.register("unfolded", {"h": np.array(sorted(self._unfolded), np.int64)})
            for table, (select, where) in _FOLDED.items():
                connection.execute(f"CREATE OR REPLACE TEMP TABLE folded AS {select}")
                connection.execute(f"DELETE FROM {table} {where}")
                connection.execute(f"INSERT INTO {table} FROM folded")
                connection.execute("DROP TABLE folded")
            connection.unregister("unfolded")
            connection.execute("DELETE FROM received")
            rows = [
                (self._streams[place], epoch.epoch, first, last)
                for place, epoch, seen in self._placed()
                for first, last in seen.ranges
            ]
            _append(connection, "received", rows)
            self._appended, self._unfolded = 0, set()

    def _placed(self) -> Iterable[tuple[Place, Epoch, Seen]]:
        places = {(place.device.device, place.channel): place for place in self._streams}
        for epoch, seen in self._seen.items():
            yield places[epoch.device, epoch.channel], epoch, seen

    def rows(self, start: int, end: int, *, device: str = "", limit: int = 10_000) -> list[ledger.Row]:
        with self._file.reading() as cursor:
            found = cursor.execute(_ROWS, {"a": start, "b": end, "d": device, "n": limit}).fetchall()
        return [ledger.Row(**dict(zip(_ROW, row, strict=True))) for row in found]

    def totals(self, start: int, end: int, *, device: str = "") -> ledger.Totals:
        with self._file.reading() as cursor:
            # Read to its end: DuckDB refuses a view over an unfinished answer, and the cursor is used again.
            (found,) = cursor.execute(_TOTALS, {"a": start, "b": end, "d": device}).fetchall()
        return ledger.Totals(**dict(zip(ledger.Totals.__struct_fields__, found, strict=True)))

    def holes(self, *, device: str = "", limit: int = 1_000) -> list[ledger.Hole]:
        with self._file.turn():
            received = {
                epoch: seen.ranges for epoch, seen in self._seen.items() if device in ("", epoch.device)
            }
        with self._file.reading() as cursor:
            gaps = cursor.execute(
                """SELECT DISTINCT device, channel, epoch, first, last, reason FROM gaps
                   JOIN streams ON stream = id WHERE $d IN ('', device) ORDER BY ALL""",
                {"d": device},
            ).fetchall()
            spools = cursor.execute(
                "SELECT DISTINCT ON (device) device, epoch, time, spooled, oldest FROM spools "
                "ORDER BY device, epoch DESC, time DESC"
            ).fetchall()
        return holes.find_all(
            received,
            [
                (Epoch(name, channel, epoch), first, last, reason)
                for name, channel, epoch, first, last, reason in gaps
            ],
            {name: holes.Spool(*head) for name, *head in spools},
        )[:limit]


_ROW: Final = (
    *("site", "kind", "device", "channel", "hour", "recorded", "sent", "shed"),
    *_COUNTS,
)
_SUMS: Final = ", ".join(f"sum({name})::BIGINT AS {name}" for name in _COUNTS)
_NEWEST_TALLY: Final = (
    "SELECT DISTINCT ON (stream, hour) stream, hour, recorded, sent, shed, epoch, time FROM tallies"
)
_NEWEST_FIRST: Final = "ORDER BY stream, hour, epoch DESC, time DESC"
_ALL: Final = f"""
    WITH chosen AS (SELECT * FROM streams WHERE $d IN ('', device)),
    counted AS (SELECT stream, hour, {_SUMS} FROM counts SEMI JOIN chosen ON stream = id
                WHERE hour >= $a AND hour < $b GROUP BY stream, hour),
    told AS ({_NEWEST_TALLY} SEMI JOIN chosen ON stream = id WHERE hour >= $a AND hour < $b {_NEWEST_FIRST}),
    came AS (SELECT stream, hour, sum(each * (least(s.last, r.last) - greatest(s.first, r.first) + 1)) AS came
             FROM (SELECT DISTINCT * FROM strays SEMI JOIN told USING (stream, hour, epoch, time)) AS s
             JOIN received AS r USING (stream)
             WHERE r.epoch = s.started AND r.first <= s.last AND r.last >= s.first GROUP BY stream, hour)
    SELECT site, kind, device, channel, hour, recorded, sent,
           (coalesce(shed, 0) - coalesce(came, 0))::BIGINT AS shed,
           {", ".join(f"coalesce({name}, 0) AS {name}" for name in _COUNTS)}
    FROM counted FULL JOIN told USING (stream, hour) LEFT JOIN came USING (stream, hour)
    JOIN chosen ON stream = id"""
_ROWS: Final = f"{_ALL} ORDER BY hour, device, channel LIMIT $n"
_TOTALS: Final = f"""
    SELECT coalesce(COLUMNS(*), 0)::BIGINT FROM (
        SELECT sum(recorded), sum(stored), sum(greatest(balance, 0)), sum(greatest(-balance, 0)), sum(shed),
               sum(dead), sum(duplicated), sum(unsequenced),
               count(*) FILTER (recorded IS NULL AND stored > unsequenced)
        FROM (SELECT *, coalesce(recorded - shed - (stored - unsequenced) - dead, 0) AS balance
              FROM ({_ALL})))"""
_RECENT: Final = "WHERE hour IN (SELECT h FROM unfolded)"
_FOLDED: Final = {
    "counts": (f"SELECT stream, hour, {_SUMS} FROM counts {_RECENT} GROUP BY stream, hour", _RECENT),
    "tallies": (f"{_NEWEST_TALLY} {_RECENT} {_NEWEST_FIRST}", _RECENT),
    "strays": ("SELECT DISTINCT * FROM strays SEMI JOIN tallies USING (stream, hour, epoch, time)", ""),
    "spools": ("SELECT DISTINCT ON (device) * FROM spools ORDER BY device, epoch DESC, time DESC", ""),
    "gaps": ("SELECT DISTINCT * FROM gaps", ""),
}


def _append(connection: Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Append rows of integers."""
    if rows:
        columns = np.array(rows, np.int64).T
        append(
            connection, table, {f"c{place}": np.ascontiguousarray(one) for place, one in enumerate(columns)}
        )
