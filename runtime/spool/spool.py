"""The spool: what was appended is kept on disk until a receipt names it, or its loss is declared.

Only the append must survive a power cut, so only it waits for the disk. Whatever else is written (handed out,
sent, settled) may be forgotten by one: it is then sent again, and known to the other end as a repeat.
Calls are short and block; any thread may make them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

from contracts import batches, events, ranges
from contracts.receipts import Receipt
from runtime.clock import Clock
from runtime.spool import counts, epochs, holes, rows
from runtime.spool.address import Address, Lane, of
from runtime.spool.batch import Batch, Item
from runtime.spool.counts import Change
from runtime.spool.errors import Full
from runtime.spool.file import File
from runtime.spool.reserve import Reserve

T = TypeVar("T")
LIMIT: Final = 256 * 1024 * 1024  # bytes; a kiosk that records 20 kB a minute fills it in nine days
LEAST: Final = 64 * 1024  # bytes below which not even declarations would find room
_MARK: Final = "mark "  # before the names of callers' marks in the table of meta data


class Spool:
    """One file of batches of one or several devices. Opening it begins an epoch."""

    def __init__(self, path: Path, *, clock: Clock, limit_bytes: int = LIMIT) -> None:
        """Open or make the file. Raises Busy, Unusable, Full."""
        if limit_bytes < LEAST:
            raise ValueError(f"limit_bytes: at least {LEAST}")
        self.limit = limit_bytes
        self.epoch = 0  # µs UTC at the start, greater than any before even where the clock went back
        self.shed: Counter[str] = Counter()  # channel → batches given up since the start
        self._clock = clock
        self._lock = threading.RLock()
        self._unrecorded: dict[str, Counter[int]] = {}  # topic → hour → samples that the disk refused
        self._listeners: list[Callable[[], None]] = []
        self._held = self._before = dict.fromkeys(Lane, (0, 0))  # batches, bytes
        self._next = 1
        self._version = 0
        self.losses = True  # whether some may wait to be declared
        self._topics: dict[str, set[str]] = {}  # stream → topics it had
        self._file = File(path, clock=clock, limit=limit_bytes, begin=self._begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        self._file.close()

    def on_append(self, listener: Callable[[], None]) -> None:
        """Call a function after each append, in the thread that appends."""
        self._listeners.append(listener)

    def depth(self) -> dict[Lane, int]:
        """Batches that wait for a receipt, by lane."""
        return {lane: count for lane, (count, _) in self._held.items()}

    def size(self) -> int:
        """Bytes that they take."""
        return sum(size for _, size in self._held.values())

    # in

    def append(
        self,
        topic: str,
        payload: bytes,
        *,
        content_type: str,
        counts: Mapping[int, int],
        properties: Iterable[tuple[str, str]] = (),
    ) -> batches.Sequence:
        """Record one batch: durable when this returns. `counts`: samples by hour; empty where none count.

        Raises Full where the disk takes no more: the samples are then counted as lost and declared later.
        Raises contracts.errors.Refused for a topic or payload that may not be sent.
        """
        pairs = tuple(properties)
        item = Item(topic=topic, payload=payload, content_type=content_type, counts=counts, properties=pairs)
        return self.extend([item])[0]

    def extend(self, items: Iterable[Item], *, mark: tuple[str, int] | None = None) -> list[batches.Sequence]:
        """Record several batches (hundreds, not thousands), all or none. Raises like append.

        `mark`: a name and how far the caller has come, kept in the same transaction, read by `marked`.
        """
        todo = list(items)
        for item in todo:
            item.check()

        def work(db: sqlite3.Connection) -> list[batches.Sequence]:
            places = []
            for item in todo:
                places.append(self._insert(db, item))
                self._shed(db)  # at once, so that the file does not grow beyond its bound
            if mark:
                db.execute(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_MARK + mark[0], mark[1])
                )
            return places

        with self._lock:
            try:
                places = self._run(work, durable=True)
            except Full:
                for item in todo:
                    self._unrecorded.setdefault(item.topic, Counter()).update(item.counts)
                raise
        self._call()
        return places

    def tell(self) -> int:
        """Append a tally for each device whose counts changed since the last one told; return how many.

        A device whose last tally still waits for its receipt is passed over: the next says all. Raises Full.
        """

        def work(db: sqlite3.Connection) -> int:
            now = self._clock.now()
            counts.prune(db, now)
            todo = [address for address in counts.untold(db) if not holes.waits(db, "tally", address)]
            for address in todo:
                record, version = counts.tally(
                    db, address, name=self._name(db, address), epoch=self.epoch, now=now
                )
                self._speak(db, address, (record,), control="tally", tells=version)
            self._shed(db)
            return len(todo)

        told = self._run(work, durable=False, insist=True)
        if told:
            self._call()
        return told

    def tally(self, topic: str) -> events.Tally:
        """All counts of the device that a topic belongs to, as they stand."""
        address = of(of(topic).events)

        def work(db: sqlite3.Connection) -> events.Tally:
            now = self._clock.now()
            return counts.tally(db, address, name="now", epoch=self.epoch, now=now, everything=True)[0]

        return self._run(work, durable=False, insist=True)

    def marked(self, name: str) -> int | None:
        """How far the caller had come by its last mark of this name."""

        def work(db: sqlite3.Connection) -> int | None:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (_MARK + name,)).fetchone()
            return None if row is None else int(row[0])

        return self._run(work, durable=False, insist=True)

    # out

    def due(self, lane: Lane, *, after: int, count: int, size: int) -> list[Batch]:
        """Next batches of a lane with id > after, in order: at most `count`, and `size` bytes besides one.

        What this hands out counts as offered: whoever calls means to send it. Raises Full.
        """

        def work(db: sqlite3.Connection) -> list[Batch]:
            if lane is Lane.EVENT and self.losses:
                self._declare(db)
            found, damaged = rows.following(db, lane, after=after, count=count, size=size)
            fresh = {(batch.topic, batch.epoch): batch.seq for batch in found if not batch.offered}
            for (topic, epoch), seq in fresh.items():
                epochs.offer(db, topic, epoch, seq)
            self._lose(db, damaged, holes.CORRUPT)
            return found

        return self._run(work, durable=False, insist=True)

    def again(self, keys: Iterable[int]) -> list[Batch]:
        """Those of these batches (ids) that still wait, in order, to be sent once more. Raises Full."""

        def work(db: sqlite3.Connection) -> list[Batch]:
            found: list[Batch] = []
            for key in sorted(keys):
                one, damaged = rows.again(db, key)
                found += one
                self._lose(db, damaged, holes.CORRUPT)
            return found

        return self._run(work, durable=False, insist=True)

    def sent(self, keys: Iterable[int]) -> None:
        """The broker has acknowledged these batches (ids). Raises Full."""

        def work(db: sqlite3.Connection) -> None:
            groups: dict[tuple[str, int], list[rows.Row]] = {}
            for key in keys:
                for row in rows.one(db, key):
                    groups.setdefault((row.topic, row.epoch), []).append(row)
            for (topic, epoch), group in groups.items():
                self._count(db, topic, epochs.sent(db, topic, epoch, group), Change(sent=True))

        self._run(work, durable=False, insist=True)

    def settle(self, receipts: Iterable[Receipt]) -> list[int]:
        """Forget what the receipts name, as far as it was ever handed out; return the ids. Raises Full."""

        def work(db: sqlite3.Connection) -> list[int]:
            gone: list[int] = []
            for receipt in receipts:
                for topic in self._topics.get(receipt.stream, ()):
                    for numbers in receipt.ranges:
                        gone += self._settle(db, topic, receipt.epoch, numbers)
            return gone

        gone = self._run(work, durable=False, insist=True)
        self._file.reserve.hold()
        return gone

    # inside a transaction

    def _insert(
        self, db: sqlite3.Connection, item: Item, *, control: str = "", tells: int = 0
    ) -> batches.Sequence:
        address = of(item.topic)
        seq = epochs.next_seq(db, item.topic, self.epoch)
        now = self._clock.now()
        rows.insert(
            db, item, key=self._next, epoch=self.epoch, seq=seq, now=now, control=control, tells=tells
        )
        self._next += 1
        self._hold(address.lane, 1, item.cost)
        self._topics.setdefault(str(address.stream), set()).add(item.topic)
        self._count(db, item.topic, item.counts, Change(recorded=True))
        return batches.Sequence(stream=address.stream, epoch=self.epoch, seq=seq)

    def _shed(self, db: sqlite3.Connection) -> None:
        """Give up the oldest batches of the lowest lane until the rest fits.

        What may be on its way goes last within its lane: its samples would be declared lost, and stored.
        """
        for lane in reversed(Lane):
            for offered in (False, True):
                while self.size() > self.limit and (found := rows.victims(db, lane, offered=offered)):
                    for row in found:
                        if self.size() > self.limit:
                            self._lose(db, [row], holes.FULL)

    def _lose(self, db: sqlite3.Connection, lost: list[rows.Row], reason: str) -> None:
        rows.delete(db, lost)
        for row in lost:
            self._hold(row.lane, -1, -row.size)
            epochs.done(db, row.topic, row.epoch, ((row.seq, row.seq),))
            holes.note(db, row.topic, row.epoch, reason, ((row.seq, row.seq),), row.samples)
            self._count(db, row.topic, row.samples, Change(shed=True))
            self.shed[of(row.topic).stream.channel] += 1
            self.losses = True

    def _settle(self, db: sqlite3.Connection, topic: str, epoch: int, numbers: ranges.Range) -> list[int]:
        found = rows.part(db, topic, epoch, numbers)
        if not found:
            return []
        self._count(db, topic, epochs.sent(db, topic, epoch, found), Change(sent=True))
        self._count(db, topic, counts.total(row.samples for row in found), Change(settled=True))
        rows.delete(db, found)
        self._hold(of(topic).lane, -len(found), -sum(row.size for row in found))
        epochs.done(db, topic, epoch, ranges.of(row.seq for row in found))
        if tells := max(row.tells for row in found):
            counts.told(db, of(topic), tells)
        return [row.id for row in found]

    def _declare(self, db: sqlite3.Connection) -> None:
        """Turn noted losses into events: at most one batch of them waits for its receipt, for each device."""
        for address in holes.undeclared(db):
            gaps = holes.take(db, address, name=self._name(db, address), now=self._clock.now())
            self._speak(db, address, gaps, control="gap")
        self.losses = _one(db, "SELECT count(*) FROM holes") > 0

    def _speak(
        self,
        db: sqlite3.Connection,
        address: Address,
        records: tuple[events.Event, ...],
        *,
        control: str,
        tells: int = 0,
    ) -> None:
        item = Item(topic=address.topic, payload=events.encode(records), content_type=batches.EVENTS)
        self._insert(db, item, control=control, tells=tells)

    def _name(self, db: sqlite3.Connection, address: Address) -> str:
        """Id of what the next event batch of a device says: unique because its place is."""
        last = _one(db, "SELECT last FROM epochs WHERE topic = ? AND epoch = ?", address.topic, self.epoch)
        return f"{address.device.device}-{self.epoch}-{last + 1}"

    def _count(self, db: sqlite3.Connection, topic: str, samples: Mapping[int, int], change: Change) -> None:
        if samples:
            self._version += len(samples)  # one a row, so that a tally can end between any two
            counts.add(db, topic, samples, change, version=self._version, now=self._clock.now())

    def _hold(self, lane: Lane, number: int, size: int) -> None:
        count, total = self._held[lane]
        self._held[lane] = (count + number, total + size)

    # around it

    def _begin(self, db: sqlite3.Connection, reserve: Reserve) -> None:
        """Count what the file holds, and begin an epoch."""
        self._held = dict.fromkeys(Lane, (0, 0))
        for lane, count, size in db.execute(
            "SELECT lane, count(*), sum(size) FROM batches INDEXED BY lanes GROUP BY lane"
        ):
            self._held[Lane(lane)] = (count, size)
        self._next = max(self._next, _one(db, "SELECT max(id) FROM batches") + 1)
        self._version = _one(db, "SELECT max(version) FROM tally")
        self.losses = True
        known = max(
            _one(db, "SELECT value FROM meta WHERE key = 'epoch'"),
            _one(db, "SELECT max(epoch) FROM epochs"),
            reserve.epoch(),
        )
        for topic in epochs.forget(db):
            self._topics.setdefault(str(of(topic).stream), set()).add(topic)
        self.epoch = max(self._clock.now(), known + 1)
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?)", (self.epoch,))
        reserve.keep(self.epoch)

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool, insist: bool = False) -> T:
        told: dict[str, Counter[int]] = {}

        def whole(db: sqlite3.Connection) -> T:
            self._before = dict(self._held)
            result = work(db)
            told.update(self._unrecorded)
            for topic, samples in told.items():
                self._count(db, topic, samples, Change(recorded=True, shed=True))
                holes.note(db, topic, self.epoch, holes.DISK, (), samples)
                self.losses = True
            return result

        with self._lock:
            result = self._file.run(whole, durable=durable, insist=insist, undo=self._undo)
            for topic in told:
                del self._unrecorded[topic]
        return result

    def _undo(self) -> None:
        self._held = self._before
        self.losses = True

    def _call(self) -> None:
        for listener in self._listeners:
            listener()


def _one(db: sqlite3.Connection, query: str, *values: str | int) -> int:
    row = db.execute(query, values).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
