"""The books of one spool, kept inside its transactions: each batch that comes, goes or is lost is counted."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Final

from contracts import batches, events, ranges
from runtime.clock import Clock
from runtime.spool import counts, epochs, holes, rows, strays
from runtime.spool.address import Address, Lane, of
from runtime.spool.batch import Item
from runtime.spool.counts import Change
from runtime.spool.reserve import Reserve

# What is given up first, and whether it may be on its way by then.
_VICTIMS: Final = (
    *((lane, offered) for offered in (False, True) for lane in (Lane.FRAME, Lane.TELEMETRY)),
    *((lane, offered) for lane in (Lane.JUDGEMENT, Lane.EVENT) for offered in (False, True)),
)


class Books:
    """What is known in memory of a spool's file, and the changes that keep both alike."""

    def __init__(self, clock: Clock) -> None:
        self.epoch = 0
        self.topics: dict[str, set[str]] = {}  # stream → topics it had
        self.losses = True  # whether some may wait to be declared
        self.shed: Counter[str] = Counter()  # channel → batches given up since the start
        self.held = self._before = dict.fromkeys(Lane, (0, 0))  # batches, bytes
        self._clock = clock
        self._next = 1
        self._version = 0

    @property
    def size(self) -> int:
        """Bytes that all batches take."""
        return sum(size for _, size in self.held.values())

    @property
    def last(self) -> int:
        """Id of the last batch."""
        return self._next - 1

    def remember(self) -> None:
        """A transaction begins."""
        self._before = dict(self.held)

    def undo(self) -> None:
        """It failed."""
        self.held = self._before
        self.losses = True

    def begin(self, db: sqlite3.Connection, reserve: Reserve) -> None:
        """Count what the file holds, and begin an epoch."""
        self.held = dict.fromkeys(Lane, (0, 0))
        for lane, count, size in db.execute(
            "SELECT lane, count(*), sum(size) FROM batches INDEXED BY lanes GROUP BY lane"
        ):
            self.held[Lane(lane)] = (count, size)
        self._next = max(self._next, _one(db, "SELECT max(id) FROM batches") + 1)
        self._version = _one(db, "SELECT max(version) FROM tally")
        self.losses = True
        known = max(
            _one(db, "SELECT value FROM meta WHERE key = 'epoch'"),
            _one(db, "SELECT max(epoch) FROM epochs"),
            reserve.epoch(),
        )
        for topic in epochs.forget(db):
            self.topics.setdefault(str(of(topic).stream), set()).add(topic)
        self.epoch = max(self._clock.now(), known + 1)
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?)", (self.epoch,))
        reserve.keep(self.epoch)

    def insert(
        self, db: sqlite3.Connection, item: Item, *, control: str = "", tells: int = 0
    ) -> batches.Sequence:
        """Write a batch under the next sequence number of its stream."""
        address = of(item.topic)
        seq = epochs.next_seq(db, item.topic, self.epoch)
        now = self._clock.now()
        rows.insert(
            db, item, key=self._next, epoch=self.epoch, seq=seq, now=now, control=control, tells=tells
        )
        self._next += 1
        self.hold(address.lane, 1, item.cost)
        self.topics.setdefault(str(address.stream), set()).add(item.topic)
        self.count(db, item.topic, item.counts, Change(recorded=True))
        return batches.Sequence(stream=address.stream, epoch=self.epoch, seq=seq)

    def give_up(self, db: sqlite3.Connection, limit: int) -> None:
        """Give up the oldest batches of the lowest lane until the rest fits.

        What may be on its way stays while there is anything but alarms and judgements: it may arrive, and
        would be declared lost and stored. The uplink lets little be on its way, so there is room beside it.
        """
        for lane, offered in _VICTIMS:
            while self.size > limit and (found := rows.victims(db, lane, offered=offered)):
                for row in found:
                    if self.size > limit:
                        self.lose(db, [row], holes.FULL)

    def lose(self, db: sqlite3.Connection, lost: list[rows.Row], reason: str) -> None:
        """Take batches away and note them as losses."""
        rows.delete(db, lost)
        for row in lost:
            self.hold(row.lane, -1, -row.size)
            epochs.done(db, row.topic, row.epoch, ((row.seq, row.seq),))
            holes.note(db, row.topic, row.epoch, reason, ((row.seq, row.seq),), row.samples)
            self.count(db, row.topic, row.samples, Change(shed=True))
            # Of an earlier start even more may have been sent: a power cut forgets what was handed out.
            if row.epoch != self.epoch or row.seq <= epochs.offered(db, row.topic, row.epoch):
                strays.note(db, row.topic, row.epoch, row.seq, row.samples)
            self.shed[of(row.topic).stream.channel] += 1
            self.losses = True

    def settle(self, db: sqlite3.Connection, topic: str, epoch: int, numbers: ranges.Range) -> list[int]:
        """Take away what a receipt names, as far as it was handed out; return the ids."""
        found = rows.part(db, topic, epoch, numbers)
        if not found:
            return []
        self.count(db, topic, epochs.sent(db, topic, epoch, found), Change(sent=True))
        self.count(db, topic, counts.total(row.samples for row in found), Change(settled=True))
        rows.delete(db, found)
        self.hold(of(topic).lane, -len(found), -sum(row.size for row in found))
        epochs.done(db, topic, epoch, ranges.of(row.seq for row in found))
        if tells := max(row.tells for row in found):
            counts.told(db, of(topic), tells)
        return [row.id for row in found]

    def declare(self, db: sqlite3.Connection) -> None:
        """Turn noted losses into events: at most one batch of them waits for its receipt, for each device."""
        for address in holes.undeclared(db):
            gaps = holes.take(db, address, name=self.name(db, address), now=self._clock.now())
            self.speak(db, address, gaps, control="gap")
        self.losses = _one(db, "SELECT count(*) FROM holes") > 0

    def speak(
        self,
        db: sqlite3.Connection,
        address: Address,
        records: tuple[events.Event, ...],
        *,
        control: str,
        tells: int = 0,
    ) -> None:
        """Write what the spool itself has to say, under the device's event stream."""
        item = Item(topic=address.topic, payload=events.encode(records), content_type=batches.EVENTS)
        self.insert(db, item, control=control, tells=tells)

    def name(self, db: sqlite3.Connection, address: Address) -> str:
        """Id of what the next event batch of a device says: unique because its place is."""
        last = _one(db, "SELECT last FROM epochs WHERE topic = ? AND epoch = ?", address.topic, self.epoch)
        return f"{address.device.device}-{self.epoch}-{last + 1}"

    def count(self, db: sqlite3.Connection, topic: str, samples: Mapping[int, int], change: Change) -> None:
        """Count samples that went through a change."""
        if samples:
            self._version += len(samples)  # one a row, so that a tally can end between any two
            counts.add(db, topic, samples, change, version=self._version, now=self._clock.now())

    def hold(self, lane: Lane, number: int, size: int) -> None:
        """So many batches and bytes more wait."""
        count, total = self.held[lane]
        self.held[lane] = (count + number, total + size)


def _one(db: sqlite3.Connection, query: str, *values: str | int) -> int:
    row = db.execute(query, values).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
