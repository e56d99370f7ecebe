"""What became of a stream's sequence numbers in one epoch: rows of the epochs table."""

from __future__ import annotations

import sqlite3
from collections import Counter

from contracts import ranges
from contracts.ranges import Ranges
from runtime.spool.counts import total
from runtime.spool.holes import decode, dump
from runtime.spool.rows import Row


def next_seq(db: sqlite3.Connection, topic: str, epoch: int) -> int:
    """Take the next sequence number, from 1 on."""
    (seq,) = db.execute(
        "INSERT INTO epochs (topic, epoch, last) VALUES (?, ?, 1)"
        " ON CONFLICT (topic, epoch) DO UPDATE SET last = last + 1 RETURNING last",
        (topic, epoch),
    ).fetchone()
    return int(seq)


def offer(db: sqlite3.Connection, topic: str, epoch: int, seq: int) -> None:
    """Batches up to this one were handed out."""
    db.execute("UPDATE epochs SET offered = ? WHERE topic = ? AND epoch = ?", (seq, topic, epoch))


def offered(db: sqlite3.Connection, topic: str, epoch: int) -> int:
    """The last batch that was handed out."""
    row = db.execute("SELECT offered FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch)).fetchone()
    return int(row[0])


def sent(db: sqlite3.Connection, topic: str, epoch: int, rows: list[Row]) -> Counter[int]:
    """The broker has these; return the samples of those that it has for the first time."""
    (text,) = db.execute("SELECT sent FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch)).fetchone()
    before = decode(text)
    new = [row for row in rows if not ranges.holds(before, row.seq)]
    if new:
        after = ranges.union(before, ranges.of(row.seq for row in new))
        db.execute("UPDATE epochs SET sent = ? WHERE topic = ? AND epoch = ?", (dump(after), topic, epoch))
    return total(row.samples for row in new)


def done(db: sqlite3.Connection, topic: str, epoch: int, numbers: Ranges) -> None:
    """Nothing is expected of these any more: receipted, or declared lost."""
    (text,) = db.execute("SELECT done FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch)).fetchone()
    after = ranges.union(decode(text), numbers)
    db.execute("UPDATE epochs SET done = ? WHERE topic = ? AND epoch = ?", (dump(after), topic, epoch))


def forget(db: sqlite3.Connection) -> list[str]:
    """Forget epochs of which nothing is expected, at a new start; return all topics of before."""
    topics = []
    for topic, epoch, last, text in db.execute("SELECT topic, epoch, last, done FROM epochs").fetchall():
        topics.append(topic)
        if decode(text) == ((1, last),):
            db.execute("DELETE FROM epochs WHERE topic = ? AND epoch = ?", (topic, epoch))
    return topics
