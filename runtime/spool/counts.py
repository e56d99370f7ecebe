"""The device's half of the ledger: cumulative counts by topic and hour, as durable as what they count."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from contracts.events import Tally, TallyRow
from contracts.instants import DAY
from contracts.topics import Channel
from runtime.spool import strays
from runtime.spool.address import Address, Lane, of

KEEP: Final = 40 * DAY  # µs that a row outlives its last change: longer than any spool of samples
MOST_ROWS: Final = 4_000  # of one tally, strays count like rows: about 400 kB; the rest goes with the next
_hours: Final = msgspec.json.Decoder(dict[int, int])


def encode(counts: Mapping[int, int]) -> str:
    """Counts → JSON."""
    return msgspec.json.encode(dict(counts)).decode()


def decode(text: str) -> Counter[int]:
    """JSON → counts."""
    return Counter(_hours.decode(text))


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What samples went through."""

    recorded: bool = False
    sent: bool = False
    settled: bool = False
    shed: bool = False


def add(
    db: sqlite3.Connection, topic: str, counts: Mapping[int, int], change: Change, *, version: int, now: int
) -> None:
    """Count samples by hour in the columns that the change names; rows get versions from `version` down."""
    db.executemany(
        "INSERT INTO tally (topic, hour, recorded, sent, settled, shed, version, touched)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, hour) DO UPDATE SET"
        " recorded = recorded + excluded.recorded, sent = sent + excluded.sent,"
        " settled = settled + excluded.settled, shed = shed + excluded.shed,"
        " version = excluded.version, touched = excluded.touched",
        [
            (
                topic,
                hour,
                n * change.recorded,
                n * change.sent,
                n * change.settled,
                n * change.shed,
                version - place,
                now,
            )
            for place, (hour, n) in enumerate(counts.items())
            if n
        ],
    )


def waiting(db: sqlite3.Connection, topic: str) -> Counter[int]:
    """Samples by hour that are neither settled nor shed."""
    rows = db.execute("SELECT hour, recorded - settled - shed FROM tally WHERE topic = ?", (topic,))
    return Counter({hour: n for hour, n in rows if n})


def told(db: sqlite3.Connection, address: Address, version: int) -> None:
    """A tally with rows up to this version is durable at the other end."""
    db.executemany(
        "UPDATE tally SET told = version WHERE topic = ? AND version <= ?",
        [(topic, version) for topic in topics(address)],
    )


def topics(address: Address) -> list[str]:
    """Topics that a device's tally speaks of."""
    return [address.device.topic(channel) for channel in (Channel.EVENT, Channel.TELEMETRY, Channel.FRAME)]


def untold(db: sqlite3.Connection) -> list[Address]:
    """Event addresses of devices with counts that no receipted tally has told."""
    rows = db.execute("SELECT DISTINCT topic FROM tally WHERE version > told")
    owners = {of(topic).events for (topic,) in rows if of(topic).lane is not Lane.JUDGEMENT}
    return [of(events) for events in sorted(owners)]


def tally(
    db: sqlite3.Connection, address: Address, *, name: str, epoch: int, now: int, everything: bool = False
) -> tuple[Tally, int]:
    """A device's counts, and the newest version in them: those not told yet, or everything."""
    rows: list[tuple[int, TallyRow]] = []
    spooled, oldest = 0, 0
    for topic in topics(address):
        found = db.execute(
            "SELECT version, hour, recorded, sent, shed, strays FROM tally"
            " WHERE topic = ? AND (? OR version > told) ORDER BY version LIMIT ?",
            (topic, everything, MOST_ROWS),
        )
        channel = of(topic).stream.channel
        rows += [
            (
                version,
                TallyRow(
                    channel=channel,
                    hour=hour,
                    recorded=recorded,
                    sent=sent,
                    shed=shed,
                    strays=strays.decode(told_of),
                ),
            )
            for version, hour, recorded, sent, shed, told_of in found
        ]
        count, first = db.execute(
            "SELECT count(*), min(recorded) FROM batches INDEXED BY places WHERE topic = ?", (topic,)
        ).fetchone()
        spooled += count
        oldest = min(oldest or first, first) if first is not None else oldest
    rows.sort(key=lambda row: row[0])
    sizes = itertools.accumulate(1 + len(row.strays) for _, row in rows)
    rows = [row for row, size in zip(rows, sizes, strict=True) if size <= MOST_ROWS]
    record = Tally(
        id=name, time=now, epoch=epoch, spooled=spooled, oldest=oldest, rows=tuple(row for _, row in rows)
    )
    return record, rows[-1][0] if rows else 0


def prune(db: sqlite3.Connection, now: int) -> None:
    """Forget rows long told of which nothing waits."""
    db.execute(
        "DELETE FROM tally WHERE touched < ? AND told = version AND recorded = settled + shed", (now - KEEP,)
    )


def total(parts: Iterable[Mapping[int, int]]) -> Counter[int]:
    """Sum by hour."""
    whole: Counter[int] = Counter()
    for part in parts:
        whole.update(part)
    return whole
