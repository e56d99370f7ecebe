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

from contracts import batches, events
from contracts.receipts import Receipt
from runtime.clock import Clock
from runtime.spool import counts, epochs, holes, rows
from runtime.spool.address import Lane, of
from runtime.spool.batch import Batch, Item
from runtime.spool.books import Books
from runtime.spool.counts import Change
from runtime.spool.errors import Full
from runtime.spool.file import File
from runtime.spool.stamps import Times

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
        self._clock = clock
        self._lock = threading.RLock()
        self._unrecorded: dict[str, Counter[int]] = {}  # topic → hour → samples that the disk refused
        self._listeners: list[Callable[[], None]] = []
        self._told = (
            0  # time of the newest tally: the ledger takes the newest, also where the clock goes back
        )
        self._books = Books(clock)
        self.times = Times(self._run, self._books, clock)
        self._file = File(path, clock=clock, limit=limit_bytes, begin=self._books.begin)

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

    @property
    def epoch(self) -> int:
        """µs UTC at the start; greater than any before, even where the clock went back."""
        return self._books.epoch

    @property
    def losses(self) -> bool:
        """Whether some wait to be declared; asked for what is due, the event lane makes a batch of them."""
        return self._books.losses

    @property
    def shed(self) -> Mapping[str, int]:
        """Channel → batches given up since the start."""
        return self._books.shed

    def depth(self) -> dict[Lane, int]:
        """Batches that wait for a receipt, by lane."""
        return {lane: count for lane, (count, _) in self._books.held.items()}

    def size(self) -> int:
        """Bytes that they take."""
        return self._books.size

    def oldest(self) -> int:
        """µs UTC at which the oldest batch that waits was recorded; 0 where none does. Raises Full."""

        def work(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT recorded FROM batches ORDER BY id LIMIT 1").fetchone()
            return int(row[0]) if row else 0

        return self._run(work, durable=False, insist=True)

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
                places.append(self._books.insert(db, item))
                self._books.give_up(
                    db, self.limit
                )  # at once, so that the file does not grow beyond its bound
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
            counts.prune(db, self._clock.now())
            now = self._told = max(self._clock.now(), self._told + 1)
            todo = [address for address in counts.untold(db) if not holes.waits(db, "tally", address)]
            for address in todo:
                record, version = counts.tally(
                    db, address, name=self._books.name(db, address), epoch=self.epoch, now=now
                )
                self._books.speak(db, address, (record,), control="tally", tells=version)
            self._books.give_up(db, self.limit)
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
            if lane is Lane.EVENT and self._books.losses:
                self._books.declare(db)
            found, damaged = rows.following(db, lane, after=after, count=count, size=size)
            fresh = {(batch.topic, batch.epoch): batch.seq for batch in found if not batch.offered}
            for (topic, epoch), seq in fresh.items():
                epochs.offer(db, topic, epoch, seq)
            self._books.lose(db, damaged, holes.CORRUPT)
            return found

        return self._run(work, durable=False, insist=True)

    def again(self, keys: Iterable[int]) -> list[Batch]:
        """Those of these batches (ids) that still wait, in order, to be sent once more. Raises Full."""

        def work(db: sqlite3.Connection) -> list[Batch]:
            found: list[Batch] = []
            for key in sorted(keys):
                one, damaged = rows.again(db, key)
                found += one
                self._books.lose(db, damaged, holes.CORRUPT)
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
                self._books.count(db, topic, epochs.sent(db, topic, epoch, group), Change(sent=True))

        self._run(work, durable=False, insist=True)

    def settle(self, receipts: Iterable[Receipt]) -> list[int]:
        """Forget what the receipts name, as far as it was ever handed out; return the ids. Raises Full."""

        def work(db: sqlite3.Connection) -> list[int]:
            gone: list[int] = []
            for receipt in receipts:
                for topic in self._books.topics.get(receipt.stream, ()):
                    for numbers in receipt.ranges:
                        gone += self._books.settle(db, topic, receipt.epoch, numbers)
            return gone

        gone = self._run(work, durable=False, insist=True)
        self._file.recover()
        return gone

    # around it

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool, insist: bool = False) -> T:
        told: dict[str, Counter[int]] = {}

        def whole(db: sqlite3.Connection) -> T:
            self._books.remember()
            result = work(db)
            told.update(self._unrecorded)
            for topic, samples in told.items():
                self._books.count(db, topic, samples, Change(recorded=True, shed=True))
                holes.note(db, topic, self.epoch, holes.DISK, (), samples)
                self._books.losses = True
            return result

        with self._lock:
            result = self._file.run(whole, durable=durable, insist=insist, undo=self._books.undo)
            for topic in told:
                del self._unrecorded[topic]
        return result

    def _call(self) -> None:
        for listener in self._listeners:
            listener()
