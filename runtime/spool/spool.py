"""The spool: what was appended is kept on disk until a receipt names it, or its loss is declared.

Only the append must survive a power cut, so only it waits for the disk. Whatever else is written (handed out, sent,
settled) may be forgotten by one: it is then sent again, and known to the other end as a repeat.
Calls are short and block; any thread may make them.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec

from contracts import batches, events, ranges
from contracts.receipts import Receipt
from runtime.clock import Clock
from runtime.spool import counts, holes, salvage, schema
from runtime.spool.address import Address, Lane, of
from runtime.spool.batch import Batch, Item
from runtime.spool.counts import Change
from runtime.spool.errors import Full, Unusable
from runtime.spool.reserve import Reserve

T = TypeVar("T")
LIMIT: Final = 256 * 1024 * 1024  # bytes; a kiosk with 20 kB a minute fills it in nine days
LEAST: Final = 64 * 1024  # bytes below which not even declarations would find room
_NO_PLACE: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_properties: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_log = logging.getLogger(__name__)


class Spool:
    """One file of batches of one or several devices. Opening it begins an epoch."""

    def __init__(self, path: Path, *, clock: Clock, limit_bytes: int = LIMIT) -> None:
        """Open or make the file. Raises Busy, Unusable, Full."""
        if limit_bytes < LEAST:
            raise ValueError(f"limit_bytes: at least {LEAST}")
        self.path = path
        self.limit = limit_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._reserve = Reserve(path.with_name(path.name + ".reserve"), limit_bytes)
        self._unrecorded: dict[str, Counter[int]] = {}  # topic → hour → samples that the disk refused
        self._listeners: list[Callable[[], None]] = []
        self.shed_batches: Counter[str] = Counter()  # channel → batches given up since the start
        self._next = 1
        self._open()

    # ------------------------------------------------------------------ life

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        with self._lock:
            self._db.close()

    def _open(self) -> None:
        try:
            self._db = salvage.open_sound(self.path, now=self._clock.now())
            self.epoch = self._run(self._begin, durable=True, insist=True)
        except OSError as error:
            raise Full(self.path, str(error)) from None
        except sqlite3.DatabaseError as error:
            if schema.primary(error) in _NO_PLACE:
                raise Full(self.path, str(error)) from None
            raise Unusable(self.path, str(error)) from None
        self._reserve.hold()

    def _begin(self, db: sqlite3.Connection) -> int:
        """Load what is counted in memory; return the new epoch, greater than any before even if the clock went back."""
        self._held = {lane: [0, 0] for lane in Lane}  # batches, bytes
        for lane, count, size in db.execute(
            "SELECT lane, count(*), sum(size) FROM batches INDEXED BY lanes GROUP BY lane"
        ):
            self._held[Lane(lane)] = [count, size]
        self._next = max(self._next, _one(db, "SELECT max(id) FROM batches") + 1)
        self._version = _one(db, "SELECT max(version) FROM tally")
        self._losses = _one(db, "SELECT count(*) FROM holes") > 0
        self._topics: dict[str, set[str]] = {}
        for topic, epoch, last, done in db.execute("SELECT topic, epoch, last, done FROM epochs").fetchall():
            if holes.decode(done) == ((1, last),):
                db.execute("DELETE FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch))
            self._topics.setdefault(str(of(topic).stream), set()).add(topic)
        known = max(
            _one(db, "SELECT value FROM meta WHERE key = 'epoch'"),
            _one(db, "SELECT max(epoch) FROM epochs"),
            self._reserve.epoch(),
        )
        epoch = max(self._clock.now(), known + 1)
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?)", (epoch,))
        self._reserve.keep(epoch)
        return epoch

    def on_append(self, listener: Callable[[], None]) -> None:
        """Call a function after each append, in the thread that appends."""
        self._listeners.append(listener)

    # ------------------------------------------------------------------ in

    def append(
        self,
        topic: str,
        payload: bytes,
        *,
        content_type: str,
        counts: Mapping[int, int],
        properties: Iterable[tuple[str, str]] = (),
    ) -> batches.Sequence:
        """Record one batch: durable when this returns. `counts`: samples by hour; empty for what the ledger ignores.

        Raises Full where the disk takes no more: the samples are then counted as lost and declared later.
        Raises contracts.errors.Refused for a topic or payload that may not be sent.
        """
        item = Item(
            topic=topic,
            payload=payload,
            content_type=content_type,
            counts=counts,
            properties=tuple(properties),
        )
        return self.extend([item])[0]

    def extend(self, items: Iterable[Item]) -> list[batches.Sequence]:
        """Record several batches in one transaction, all or none. Raises like append."""
        todo = list(items)
        for item in todo:
            item.check()

        def work(db: sqlite3.Connection) -> list[batches.Sequence]:
            places = []
            for item in todo:
                places.append(self._insert(db, item))
                self._shed(db)  # at once, so that the file does not grow beyond its bound
            return places

        try:
            places = self._run(work, durable=True)
        except Full:
            with self._lock:
                for item in todo:
                    self._unrecorded.setdefault(item.topic, Counter()).update(item.counts)
            raise
        for listener in self._listeners:
            listener()
        return places

    def _insert(
        self, db: sqlite3.Connection, item: Item, *, control: str = "", tells: int = 0
    ) -> batches.Sequence:
        address = of(item.topic)
        (seq,) = db.execute(
            "INSERT INTO epochs (topic, epoch, last) VALUES (?, ?, 1)"
            " ON CONFLICT (topic, epoch) DO UPDATE SET last = last + 1 RETURNING last",
            (item.topic, self.epoch),
        ).fetchone()
        properties = msgspec.json.encode(item.properties).decode()
        db.execute(
            "INSERT INTO batches (id, lane, size, topic, epoch, seq, recorded, control, tells, counts,"
            " content_type, properties, crc, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._next,
                address.lane,
                item.cost,
                item.topic,
                self.epoch,
                seq,
                self._clock.now(),
                control,
                tells,
                counts.encode(item.counts),
                item.content_type,
                properties,
                zlib.crc32(item.payload),
                item.payload,
            ),
        )
        self._next += 1
        self._hold(address.lane, 1, item.cost)
        self._topics.setdefault(str(address.stream), set()).add(item.topic)
        self._count(db, item.topic, item.counts, Change(recorded=True))
        return batches.Sequence(stream=address.stream, epoch=self.epoch, seq=seq)

    def _shed(self, db: sqlite3.Connection) -> None:
        """Give up the oldest batches of the lowest lane until the rest fits.

        What may already be on its way goes last within its lane: its samples would be declared lost and stored.
        Declarations of losses stay: there is at most one a device.
        """
        for lane in reversed(Lane):
            for offered in (False, True):
                while self.size() > self.limit:
                    victims = db.execute(
                        "SELECT b.id, b.topic, b.epoch, b.seq, b.size, b.counts"
                        " FROM batches b INDEXED BY lanes JOIN epochs e ON e.topic = b.topic AND e.epoch = b.epoch"
                        " WHERE b.lane = ? AND b.control <> 'gap' AND (? OR b.seq > e.offered)"
                        " ORDER BY b.id LIMIT 32",
                        (lane, offered),
                    ).fetchall()
                    if not victims:
                        break
                    for key, topic, epoch, seq, size, hours in victims:
                        if self.size() <= self.limit:
                            break
                        self._lose(db, (key, lane, topic, epoch, seq, size), counts.decode(hours), holes.FULL)

    def _lose(
        self,
        db: sqlite3.Connection,
        row: tuple[int, Lane, str, int, int, int],
        samples: Mapping[int, int],
        reason: str,
    ) -> None:
        key, lane, topic, epoch, seq, size = row
        db.execute("DELETE FROM batches WHERE id = ?", (key,))
        self._hold(lane, -1, -size)
        self._done(db, topic, epoch, ((seq, seq),))
        holes.note(db, topic, epoch, reason, ((seq, seq),), samples)
        self._count(db, topic, samples, Change(shed=True))
        self._losses = True
        self.shed_batches[of(topic).stream.channel] += 1

    # ------------------------------------------------------------------ out

    def due(self, lane: Lane, *, after: int, count: int, size: int) -> list[Batch]:
        """Next batches of a lane with id > after, in order: at most `count`, and at most `size` bytes beside the first.

        What this hands out counts as offered: whoever calls means to send it. Raises Full.
        """

        def work(db: sqlite3.Connection) -> list[Batch]:
            if lane is Lane.EVENT and self._losses:
                self._declare(db)
            found, damaged = self._read(
                db,
                "WHERE b.lane = ? AND b.id > ? ORDER BY b.id LIMIT ?",
                (lane, after, count),
                size,
            )
            fresh: dict[tuple[str, int], int] = {}
            for batch in found:
                if not batch.offered:
                    fresh[batch.topic, batch.epoch] = batch.seq
            db.executemany(
                "UPDATE epochs SET offered = ? WHERE topic = ? AND epoch = ?",
                [(seq, topic, epoch) for (topic, epoch), seq in fresh.items()],
            )
            for row, hours in damaged:
                self._lose(db, row, hours, holes.CORRUPT)
            return found

        return self._run(work, durable=False, insist=True)

    def again(self, keys: Iterable[int]) -> list[Batch]:
        """Those of these batches (ids) that still wait, in order, to be sent once more."""

        def work(db: sqlite3.Connection) -> list[Batch]:
            found: list[Batch] = []
            for key in sorted(keys):
                one, damaged = self._read(db, "WHERE b.id = ?", (key,), 0)
                found += one
                for row, hours in damaged:
                    self._lose(db, row, hours, holes.CORRUPT)
            return found

        return self._run(work, durable=False, insist=True)

    def _read(
        self, db: sqlite3.Connection, where: str, values: tuple[int, ...], size: int
    ) -> tuple[list[Batch], list[tuple[tuple[int, Lane, str, int, int, int], Counter[int]]]]:
        found: list[Batch] = []
        damaged: list[tuple[tuple[int, Lane, str, int, int, int], Counter[int]]] = []
        total = 0
        cursor = db.execute(
            "SELECT b.id, b.lane, b.topic, b.epoch, b.seq, b.size, b.counts, b.crc, b.content_type, b.properties,"  # noqa: S608  # `where` is ours
            " b.payload, b.seq <= e.offered"
            f" FROM batches b JOIN epochs e ON e.topic = b.topic AND e.epoch = b.epoch {where}",
            values,
        )
        with contextlib.closing(cursor):
            for (
                key,
                lane,
                topic,
                epoch,
                seq,
                cost,
                hours,
                crc,
                content_type,
                pairs,
                payload,
                offered,
            ) in cursor:
                if zlib.crc32(payload) != crc:
                    damaged.append(((key, Lane(lane), topic, epoch, seq, cost), counts.decode(hours)))
                    continue
                total += cost
                if found and total > size:
                    break
                found.append(
                    Batch(
                        id=key,
                        lane=Lane(lane),
                        topic=topic,
                        stream=of(topic).stream,
                        epoch=epoch,
                        seq=seq,
                        offered=bool(offered),
                        content_type=content_type,
                        properties=_properties.decode(pairs),
                        payload=payload,
                    )
                )
        return found, damaged

    def sent(self, keys: Iterable[int]) -> None:
        """The broker has acknowledged these batches (ids). Raises Full."""

        def work(db: sqlite3.Connection) -> None:
            reached: dict[tuple[str, int], list[tuple[int, Counter[int]]]] = {}
            for key in keys:
                for topic, epoch, seq, hours in db.execute(
                    "SELECT topic, epoch, seq, counts FROM batches WHERE id = ?", (key,)
                ):
                    reached.setdefault((topic, epoch), []).append((seq, counts.decode(hours)))
            for (topic, epoch), rows in reached.items():
                self._sent(db, topic, epoch, rows)

        self._run(work, durable=False, insist=True)

    def _sent(
        self, db: sqlite3.Connection, topic: str, epoch: int, rows: list[tuple[int, Counter[int]]]
    ) -> None:
        (text,) = db.execute(
            "SELECT sent FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch)
        ).fetchone()
        before = holes.decode(text)
        new = [(seq, hours) for seq, hours in rows if not ranges.holds(before, seq)]
        if new:
            after = ranges.union(before, ranges.of(seq for seq, _ in new))
            db.execute(
                "UPDATE epochs SET sent = ? WHERE topic = ? AND epoch = ?",
                (holes.dump(after), topic, epoch),
            )
            self._count(db, topic, counts.total(hours for _, hours in new), Change(sent=True))

    def settle(self, receipts: Iterable[Receipt]) -> list[int]:
        """Forget what the receipts name, as far as it was ever handed out; return the ids. Raises Full."""

        def work(db: sqlite3.Connection) -> list[int]:
            gone: list[int] = []
            for receipt in receipts:
                for topic in self._topics.get(receipt.stream, ()):
                    for part in receipt.ranges:
                        gone += self._settle(db, topic, receipt.epoch, part)
            return gone

        gone = self._run(work, durable=False, insist=True)
        self._reserve.hold()
        return gone

    def _settle(self, db: sqlite3.Connection, topic: str, epoch: int, part: ranges.Range) -> list[int]:
        rows = db.execute(
            "SELECT b.id, b.seq, b.size, b.counts, b.tells FROM batches b"
            " JOIN epochs e ON e.topic = b.topic AND e.epoch = b.epoch"
            " WHERE b.topic = ? AND b.epoch = ? AND b.seq BETWEEN ? AND min(?, e.offered)",
            (topic, epoch, *part),
        ).fetchall()
        if not rows:
            return []
        self._sent(db, topic, epoch, [(seq, counts.decode(hours)) for _, seq, _, hours, _ in rows])
        self._count(
            db, topic, counts.total(counts.decode(hours) for _, _, _, hours, _ in rows), Change(settled=True)
        )
        db.executemany("DELETE FROM batches WHERE id = ?", [(key,) for key, *_ in rows])
        self._hold(of(topic).lane, -len(rows), -sum(size for _, _, size, _, _ in rows))
        self._done(db, topic, epoch, ranges.of(seq for _, seq, _, _, _ in rows))
        if tells := max(tells for _, _, _, _, tells in rows):
            counts.told(db, of(topic), tells)
        return [key for key, *_ in rows]

    def _done(self, db: sqlite3.Connection, topic: str, epoch: int, parts: ranges.Ranges) -> None:
        last, text = db.execute(
            "SELECT last, done FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch)
        ).fetchone()
        done = ranges.union(holes.decode(text), parts)
        if epoch != self.epoch and done == ((1, last),):
            db.execute("DELETE FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch))
        else:
            db.execute(
                "UPDATE epochs SET done = ? WHERE topic = ? AND epoch = ?", (holes.dump(done), topic, epoch)
            )

    # ------------------------------------------------------------------ told

    def tell(self) -> int:
        """Append a tally for each device whose counts changed since the last one told; return how many.

        A device whose last tally still waits for its receipt is passed over: the next one says it all. Raises Full.
        """

        def work(db: sqlite3.Connection) -> int:
            counts.prune(db, self._clock.now())
            told = 0
            for address in counts.untold(db):
                if db.execute(
                    "SELECT 1 FROM batches WHERE control = 'tally' AND topic = ?", (address.topic,)
                ).fetchone():
                    continue
                record, version = counts.tally(
                    db, address, name=self._name(db, address), epoch=self.epoch, now=self._clock.now()
                )
                self._speak(db, address, (record,), control="tally", tells=version)
                told += 1
            self._shed(db)
            return told

        told = self._run(work, durable=False, insist=True)
        if told:
            for listener in self._listeners:
                listener()
        return told

    def tally(self, topic: str) -> events.Tally:
        """All counts of the device or producer that a topic belongs to, as they stand."""

        def work(db: sqlite3.Connection) -> events.Tally:
            address = of(of(topic).events)
            record, _ = counts.tally(
                db, address, name="now", epoch=self.epoch, now=self._clock.now(), everything=True
            )
            return record

        return self._run(work, durable=False, insist=True)

    def _declare(self, db: sqlite3.Connection) -> None:
        for address in holes.undeclared(db):
            gaps = holes.take(db, address, name=self._name(db, address), now=self._clock.now())
            self._speak(db, address, gaps, control="gap")
        self._losses = _one(db, "SELECT count(*) FROM holes") > 0

    def _speak(
        self,
        db: sqlite3.Connection,
        address: Address,
        records: tuple[events.Event, ...],
        *,
        control: str,
        tells: int = 0,
    ) -> None:
        item = Item(
            topic=address.topic, payload=events.encode(records), content_type=batches.EVENTS, counts={}
        )
        self._insert(db, item, control=control, tells=tells)

    def _name(self, db: sqlite3.Connection, address: Address) -> str:
        """Id of the record that the next event batch of a device carries: unique because its place is."""
        last = _one(db, "SELECT last FROM epochs WHERE topic = ? AND epoch = ?", address.topic, self.epoch)
        return f"{address.device.device}-{self.epoch}-{last + 1}"

    # ------------------------------------------------------------------ measures

    def depth(self) -> dict[Lane, int]:
        """Batches that wait for a receipt, by lane."""
        with self._lock:
            return {lane: count for lane, (count, _) in self._held.items()}

    def size(self) -> int:
        """Bytes that they take."""
        return sum(size for _, size in self._held.values())

    # ------------------------------------------------------------------ inside

    def _hold(self, lane: Lane, number: int, size: int) -> None:
        held = self._held[lane]
        held[0] += number
        held[1] += size

    def _count(self, db: sqlite3.Connection, topic: str, samples: Mapping[int, int], change: Change) -> None:
        if samples:
            self._version += len(samples)  # one a row, so that a tally can end between any two
            counts.add(db, topic, samples, change, version=self._version, now=self._clock.now())

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool, insist: bool = False) -> T:
        """Do work in one transaction; after it failed nothing of it is left.

        `insist`: where the disk is full, free the reserve and try once more (settling frees space, but needs some).
        A file found damaged is salvaged, and the work done on what was saved.
        """
        with self._lock:
            for last in (False, True):
                try:
                    return self._transaction(work, durable=durable)
                except sqlite3.DatabaseError as error:
                    code = schema.primary(error)
                    if code in _NO_PLACE:
                        if last or not insist:
                            raise Full(self.path, str(error)) from None
                        self._make_room()
                    elif code in _DAMAGED and not last:
                        _log.error("%s is damaged (%s): salvaging", self.path, error)
                        self._db.close()
                        self._open()
                    else:
                        raise Unusable(self.path, str(error)) from None
        raise AssertionError  # unreachable: the second round returns or raises

    def _transaction(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        db = self._db
        before = {lane: list(held) for lane, held in getattr(self, "_held", {}).items()}
        db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        db.execute("BEGIN IMMEDIATE")
        try:
            unrecorded = dict(self._unrecorded)
            result = work(db)
            for topic, samples in unrecorded.items():
                self._count(db, topic, samples, Change(recorded=True, shed=True))
                holes.note(db, topic, self.epoch, holes.DISK, (), samples)
                self._losses = True
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                with contextlib.suppress(sqlite3.DatabaseError):  # the first error is the one to tell
                    db.execute("ROLLBACK")
            self._held = before
            self._losses = True  # perhaps: the next look tells
            raise
        for topic in unrecorded:
            del self._unrecorded[topic]
        return result

    def _make_room(self) -> None:
        """Free the reserve, and let the WAL flow back so that it starts again at its beginning."""
        self._reserve.free()
        with contextlib.suppress(sqlite3.DatabaseError):  # no room for that either: the caller tells
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _one(db: sqlite3.Connection, query: str, *values: str | int) -> int:
    row = db.execute(query, values).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
