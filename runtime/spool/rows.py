"""Rows of the batches table: written once, read in order, taken away."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections import Counter
from typing import Final

import msgspec

from contracts.ranges import Range
from runtime.spool import counts
from runtime.spool.address import Lane, of
from runtime.spool.batch import Batch, Item

_properties: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_CHUNK: Final = 32  # victims looked up at a time


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A batch without what it carries."""

    id: int
    lane: Lane
    topic: str
    epoch: int
    seq: int
    size: int
    tells: int
    samples: Counter[int]


_ROW: Final = "b.id, b.lane, b.topic, b.epoch, b.seq, b.size, b.tells, b.counts"
_JOIN: Final = "JOIN epochs e ON e.topic = b.topic AND e.epoch = b.epoch"
_VICTIMS: Final = (
    f"SELECT {_ROW} FROM batches b INDEXED BY lanes {_JOIN}"  # noqa: S608  # our own names, here and below
    " WHERE b.lane = ? AND b.control <> 'gap' AND (? OR b.seq > e.offered) ORDER BY b.id LIMIT ?"
)
_PART: Final = (
    f"SELECT {_ROW} FROM batches b {_JOIN}"  # noqa: S608
    " WHERE b.topic = ? AND b.epoch = ? AND b.seq BETWEEN ? AND min(?, e.offered)"
)
_ONE: Final = f"SELECT {_ROW} FROM batches b WHERE b.id = ?"  # noqa: S608
_CARRIED: Final = "b.crc, b.content_type, b.properties, b.payload, b.seq <= e.offered"
_WHOLE: Final = f"SELECT {_ROW}, {_CARRIED} FROM batches b {_JOIN}"  # noqa: S608
_NEXT: Final = f"{_WHOLE} WHERE b.lane = ? AND b.id > ? ORDER BY b.id LIMIT ?"
_AGAIN: Final = f"{_WHOLE} WHERE b.id = ?"


def insert(
    db: sqlite3.Connection,
    item: Item,
    *,
    key: int,
    epoch: int,
    seq: int,
    now: int,
    control: str = "",
    tells: int = 0,
) -> None:
    """Write one batch."""
    db.execute(
        "INSERT INTO batches (id, lane, size, topic, epoch, seq, recorded, control, tells, counts,"
        " content_type, properties, crc, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            of(item.topic).lane,
            item.cost,
            item.topic,
            epoch,
            seq,
            now,
            control,
            tells,
            counts.encode(item.counts),
            item.content_type,
            msgspec.json.encode(item.properties).decode(),
            zlib.crc32(item.payload),
            item.payload,
        ),
    )


def following(
    db: sqlite3.Connection, lane: Lane, *, after: int, count: int, size: int
) -> tuple[list[Batch], list[Row]]:
    """Batches of a lane with id > after, at most `count`, and `size` bytes beside the first; damaged ones."""
    return _read(db, _NEXT, (lane, after, count), size)


def again(db: sqlite3.Connection, key: int) -> tuple[list[Batch], list[Row]]:
    """One batch by its id, if it is still there."""
    return _read(db, _AGAIN, (key,), 0)


def _read(
    db: sqlite3.Connection, query: str, values: tuple[int, ...], size: int
) -> tuple[list[Batch], list[Row]]:
    found: list[Batch] = []
    damaged: list[Row] = []
    total = 0
    with contextlib.closing(db.execute(query, values)) as cursor:
        for *values_, crc, content_type, properties, payload, offered in cursor:
            row = _row(tuple(values_))
            if zlib.crc32(payload) != crc:
                damaged.append(row)
                continue
            total += row.size
            if found and total > size:
                break
            found.append(
                Batch(
                    id=row.id,
                    lane=row.lane,
                    topic=row.topic,
                    stream=of(row.topic).stream,
                    epoch=row.epoch,
                    seq=row.seq,
                    offered=bool(offered),
                    size=row.size,
                    content_type=content_type,
                    properties=_properties.decode(properties),
                    payload=payload,
                )
            )
    return found, damaged


def victims(db: sqlite3.Connection, lane: Lane, *, offered: bool) -> list[Row]:
    """A few of a lane's oldest batches, no declarations; with `offered` those on their way, too."""
    return [_row(row) for row in db.execute(_VICTIMS, (lane, offered, _CHUNK))]


def part(db: sqlite3.Connection, topic: str, epoch: int, numbers: Range) -> list[Row]:
    """Batches of a range of sequence numbers that were ever handed out."""
    return [_row(row) for row in db.execute(_PART, (topic, epoch, *numbers))]


def one(db: sqlite3.Connection, key: int) -> list[Row]:
    """One row by its id, if it is still there."""
    return [_row(row) for row in db.execute(_ONE, (key,))]


def delete(db: sqlite3.Connection, rows: list[Row]) -> None:
    """Take rows away."""
    db.executemany("DELETE FROM batches WHERE id = ?", [(row.id,) for row in rows])


def _row(values: tuple[int, int, str, int, int, int, int, str]) -> Row:
    key, lane, topic, epoch, seq, size, tells, hours = values
    return Row(
        id=key,
        lane=Lane(lane),
        topic=topic,
        epoch=epoch,
        seq=seq,
        size=size,
        tells=tells,
        samples=counts.decode(hours),
    )
