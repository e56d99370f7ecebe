"""Losses: noted in the transaction that makes them, declared as one Gap event a stream and reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import msgspec

from contracts.events import Gap
from contracts.ranges import Range, Ranges, union
from runtime.spool.address import Address, of
from runtime.spool.counts import encode, total

FULL: Final = "full"  # the spool was: shed, oldest of the lowest lane first
DISK: Final = "disk"  # the disk was: never got a sequence number
CLOCK: Final = "clock"  # nobody knows when it was: recorded before the time was known, in an earlier boot
CORRUPT: Final = "corrupt"  # the file was damaged
MOST_RANGES: Final = 1_000  # in one Gap
MOST_GAPS: Final = 20  # in one message, so that it stays far below the largest; the rest goes with the next
_ranges: Final = msgspec.json.Decoder(tuple[Range, ...])
_hours: Final = msgspec.json.Decoder(dict[int, int])


def decode(text: str) -> Ranges:
    """JSON → ranges."""
    return _ranges.decode(text)


def dump(ranges: Ranges) -> str:
    """Ranges → JSON."""
    return msgspec.json.encode(ranges).decode()


def note(
    db: sqlite3.Connection, topic: str, epoch: int, reason: str, ranges: Ranges, samples: Mapping[int, int]
) -> None:
    """Add a loss to those that wait to be declared."""
    old = db.execute(
        "SELECT ranges, samples FROM holes WHERE topic = ? AND epoch = ? AND reason = ?",
        (topic, epoch, reason),
    ).fetchone()
    if old:
        ranges = union(decode(old[0]), ranges)
        samples = total((_hours.decode(old[1]), samples))
    db.execute(
        "INSERT OR REPLACE INTO holes (topic, epoch, reason, ranges, samples) VALUES (?, ?, ?, ?, ?)",
        (topic, epoch, reason, dump(ranges), encode(samples)),
    )


def undeclared(db: sqlite3.Connection) -> list[Address]:
    """Event addresses with losses to declare, of which no earlier declaration waits for its receipt.

    So there is at most one such batch a device, and it can be kept out of shedding without bound being lost.
    """
    owners = {of(topic).events for (topic,) in db.execute("SELECT DISTINCT topic FROM holes")}
    addresses = [of(events) for events in sorted(owners)]
    return [address for address in addresses if not waits(db, "gap", address)]


def waits(db: sqlite3.Connection, control: str, address: Address) -> bool:
    """Whether a gap or tally of a device waits for its receipt."""
    query = "SELECT 1 FROM batches WHERE control = ? AND control <> '' AND topic = ?"
    return db.execute(query, (control, address.topic)).fetchone() is not None


def take(db: sqlite3.Connection, address: Address, *, name: str, now: int) -> tuple[Gap, ...]:
    """Turn a device's noted losses into Gap events, to be appended in the same transaction."""
    gaps: list[Gap] = []
    for topic, epoch, reason, ranges, samples in db.execute(
        "SELECT topic, epoch, reason, ranges, samples FROM holes ORDER BY topic, epoch, reason"
    ).fetchall():
        if of(topic).events != address.topic:
            continue
        if len(gaps) >= MOST_GAPS:
            break
        whole = decode(ranges)
        for start in range(0, max(1, len(whole)), MOST_RANGES):
            gaps.append(
                Gap(
                    id=f"{name}-{len(gaps) + 1}",
                    time=now,
                    channel=of(topic).stream.channel,
                    epoch=epoch,
                    ranges=whole[start : start + MOST_RANGES],
                    samples=_hours.decode(samples) if start == 0 else {},
                    reason=reason,
                )
            )
        db.execute("DELETE FROM holes WHERE topic = ? AND epoch = ? AND reason = ?", (topic, epoch, reason))
    return tuple(gaps)
