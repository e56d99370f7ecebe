"""Times told before the time was known: moved once it is, or declared lost with the boot they count from.

A batch recorded before 2020 (runtime.clock.KNOWN) bears times since its boot. None was handed out: who fills
a spool so holds the way out (runtime.uplink, `opened`) until `know` has been through.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

import msgspec

from contracts import instants
from runtime.clock import KNOWN, Clock
from runtime.spool import counts, epochs, holes, rows
from runtime.spool.address import of
from runtime.spool.books import Books
from runtime.spool.counts import Change

_BOOT: Final = "boot "  # before an epoch: which boot its times count from
_CHUNK: Final = 200  # batches of one transaction
T = TypeVar("T")
Move = Callable[[bytes, str, int], tuple[bytes, Mapping[int, int]] | None]


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be moved, and by how much."""

    shift: int  # µs
    now: int  # µs UTC
    boot: int = 0  # number of this boot
    own: bool = False  # instead of times before 2020 those of this epoch that were never handed out
    last: int = 0  # with `own`: batches up to this id


class Run(Protocol):
    """How work is done in one transaction. Raises Full."""

    def __call__(
        self, work: Callable[[sqlite3.Connection], T], *, durable: bool, insist: bool = False
    ) -> T: ...


class Times:
    """What a spool does about times that were told before the time was known. All raise Full."""

    def __init__(self, run: Run, books: Books, clock: Clock) -> None:
        self._run = run
        self._books = books
        self._clock = clock

    def unknown(self, boot: int) -> None:
        """Times of this epoch count from a boot (its number) until `know` moves them."""
        self._run(lambda db: _note(db, self._books.epoch, boot), durable=True, insist=True)

    def know(self, move: Move, *, shift: int, boot: int) -> None:
        """The time is known: move what was recorded before by `shift` µs; of other boots declare it lost.

        Durable before anything may leave.
        """
        if self._run(_noted, durable=False, insist=True):
            now = self._clock.now()
            self._all(move, _Wish(shift=shift, boot=boot, now=now))
            self._run(lambda db: _close(db, self._books, now), durable=True, insist=True)

    def correct(self, move: Move, *, shift: int) -> None:
        """Move what this epoch recorded and nobody has seen by `shift` µs: the clock was wrong."""
        last = self._books.last
        self._all(move, _Wish(shift=shift, now=self._clock.now(), own=True, last=last))

    def _all(self, move: Move, wish: _Wish) -> None:
        after = 0
        while True:

            def work(db: sqlite3.Connection) -> int:
                return _chunk(db, self._books, move, wish, after)  # noqa: B023  # called at once

            after = self._run(work, durable=True, insist=True)
            if not after:
                return


def _note(db: sqlite3.Connection, epoch: int, boot: int) -> None:
    """Remember which boot the times of an epoch count from."""
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"{_BOOT}{epoch}", boot))


def _noted(db: sqlite3.Connection) -> bool:
    """Whether batches may wait to be moved."""
    return db.execute("SELECT 1 FROM meta WHERE key >= ? AND key < 'boot!'", (_BOOT,)).fetchone() is not None


def _chunk(db: sqlite3.Connection, books: Books, move: Move, wish: _Wish, after: int) -> int:
    """Move what is to be moved of the batches after an id; return the last one looked at, 0 at the end."""
    found = db.execute(
        "SELECT id, recorded, epoch, topic, seq, control FROM batches WHERE id > ? ORDER BY id LIMIT ?",
        (after, _CHUNK),
    ).fetchall()
    for key, recorded, epoch, topic, seq, control in found:
        if wish.own:
            fits = recorded >= KNOWN and epoch == books.epoch and not control and key <= wish.last
            if fits and seq > epochs.offered(db, topic, epoch):
                _move(db, books, move, wish, key)
        elif recorded < KNOWN:
            (boot,) = db.execute("SELECT max(value) FROM meta WHERE key = ?", (f"{_BOOT}{epoch}",)).fetchone()
            if boot != wish.boot or not _move(db, books, move, wish, key):
                _lose(db, books, wish, key)
    return int(found[-1][0]) if len(found) == _CHUNK else 0


def _close(db: sqlite3.Connection, books: Books, now: int) -> None:
    """What was lost while no time was known counts in the hour in which one is; no epoch waits any more."""
    hour = instants.floor(now, instants.HOUR)
    for topic, recorded, shed in db.execute(
        "SELECT topic, sum(recorded), sum(shed) FROM tally WHERE hour < ? GROUP BY topic", (KNOWN,)
    ).fetchall():
        db.execute("DELETE FROM tally WHERE topic = ? AND hour < ?", (topic, KNOWN))
        books.count(db, topic, {hour: recorded - shed}, Change(recorded=True))
        books.count(db, topic, {hour: shed}, Change(recorded=True, shed=True))
    for topic, epoch, reason, text in db.execute(
        "SELECT topic, epoch, reason, samples FROM holes"
    ).fetchall():
        samples = counts.decode(text)
        if early := {told: n for told, n in samples.items() if told < KNOWN}:
            kept = Counter({told: n for told, n in samples.items() if told >= KNOWN})
            kept[hour] += sum(early.values())
            db.execute(
                "UPDATE holes SET samples = ? WHERE topic = ? AND epoch = ? AND reason = ?",
                (counts.encode(kept), topic, epoch, reason),
            )
    db.execute("DELETE FROM meta WHERE key >= ? AND key < 'boot!'", (_BOOT,))


def _move(db: sqlite3.Connection, books: Books, move: Move, wish: _Wish, key: int) -> bool:
    """Write a batch anew with later times, and count it in their hours; False where it cannot be read."""
    (row,) = rows.one(db, key)
    found, damaged = rows.again(db, key)
    if damaged:
        return False
    (batch,) = found
    moved = move(batch.payload, batch.content_type, wish.shift)
    if moved is None:
        return False
    payload, samples = moved
    grown = len(payload) - len(batch.payload) + 24 * (len(samples) - len(row.samples))
    db.execute(
        "UPDATE batches SET payload = ?, crc = ?, counts = ?, recorded = recorded + ?, size = size + ?"
        " WHERE id = ?",
        (payload, zlib.crc32(payload), counts.encode(samples), wish.shift, grown, key),
    )
    books.hold(row.lane, 0, grown)
    _recount(db, books, row.topic, row.samples, samples)
    return True


def _lose(db: sqlite3.Connection, books: Books, wish: _Wish, key: int) -> None:
    """Give up a batch of which nobody knows when it was: it counts in the hour in which that is declared."""
    (row,) = rows.one(db, key)
    hour = instants.floor(wish.now, instants.HOUR)
    samples = Counter({hour: row.samples.total()} if row.samples else {})
    _recount(db, books, row.topic, row.samples, samples)
    rows.delete(db, [row])
    books.hold(row.lane, -1, -row.size)
    epochs.done(db, row.topic, row.epoch, ((row.seq, row.seq),))
    holes.note(db, row.topic, row.epoch, holes.CLOCK, ((row.seq, row.seq),), samples)
    books.count(db, row.topic, samples, Change(shed=True))
    books.shed[of(row.topic).stream.channel] += 1
    books.losses = True


def _recount(
    db: sqlite3.Connection, books: Books, topic: str, old: Mapping[int, int], new: Mapping[int, int]
) -> None:
    """Count as recorded in other hours. A row that was told stays, at none: the newest row wins."""
    if dict(old) != dict(new):
        books.count(db, topic, {hour: -n for hour, n in old.items()}, Change(recorded=True))
        books.count(db, topic, new, Change(recorded=True))
