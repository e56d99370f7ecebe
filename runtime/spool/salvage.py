"""A damaged file: read what can be read into a new one, and note what was lost so that it is declared.

What is lost is known exactly where the small tables survived: `epochs` tells which sequence numbers should
wait, `tally` how many samples of each hour.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts import ranges
from contracts.errors import Refused
from runtime.spool import counts, holes, schema, strays
from runtime.spool.address import of
from runtime.spool.counts import Change

_LOOKUPS: Final = 200_000  # rows looked up one by one between the first and the last damaged page, about 1 s
_BLIND: Final = 10_000  # the same where the end cannot be read, so that the last row's id is not known
_COLUMNS: Final = {
    "batches": "id, lane, size, topic, epoch, seq, recorded, control, tells, counts, content_type,"
    " properties, crc, payload",
    "epochs": "topic, epoch, last, offered, sent, done",
    "tally": "topic, hour, recorded, sent, settled, shed, version, told, touched, strays",
    "holes": "topic, epoch, reason, ranges, samples",
    "meta": "key, value",
}
_log = logging.getLogger(__name__)


def open_sound(path: Path, *, now: int) -> sqlite3.Connection:
    """Open a spool's file, new or salvaged where need be. Raises Busy, Unusable, sqlite3.DatabaseError."""
    built = path.with_name(path.name + ".salvaged")
    if built.exists():
        _swap(built, path)
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if schema.primary(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        _log.error("%s is damaged (%s): reading what can be read", path, error)
    draft = path.with_name(path.name + ".salvage")
    draft.unlink(missing_ok=True)
    _rebuild(path, draft, now)
    draft.replace(built)
    _swap(built, path)
    return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    db = schema.connect(path)
    try:
        schema.create(db, path)
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            error = sqlite3.DatabaseError(verdict)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    except BaseException:  # also a kill or a cancel: undo it, then on it goes
        db.close()
        raise
    return db


def _swap(built: Path, path: Path) -> None:
    """Put the new file in the old one's place; done again from the start where it was cut short."""
    for suffix in ("-wal", "-shm"):  # they belong to the old file, and would be played into the new one
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    built.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rebuild(path: Path, draft: Path, now: int) -> None:
    new = sqlite3.connect(draft, isolation_level=None)
    try:
        new.execute("PRAGMA synchronous=FULL")
        schema.create(new, draft)
        new.execute("BEGIN IMMEDIATE")
        for table, columns in _COLUMNS.items():
            marks = ", ".join("?" * len(columns.split(",")))
            insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # our own names
            for row in _sound(path, table, columns):
                new.execute(insert, row)
        _reconcile(new, now)
        new.execute("COMMIT")
    finally:
        new.close()


def _sound(path: Path, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Rows of a table that can be read and mean something."""
    for row in _readable(path, table, columns):
        values = dict(zip((name.strip() for name in columns.split(",")), row, strict=True))
        try:
            if "topic" in values:
                of(values["topic"])
            if table == "batches" and zlib.crc32(values["payload"]) != values["crc"]:
                continue
            for name in ("counts", "samples"):
                counts.decode(values.get(name, "{}"))
            strays.decode(values.get("strays", "[]"))
            for name in ("sent", "done", "ranges"):
                if isinstance(values.get(name), str):
                    holes.decode(values[name])
        except (Refused, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
            continue
        yield row


def _readable(path: Path, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Rows from the front to the first damaged page, from the back to the last, and one by one between."""
    try:
        old = schema.connect(path)
    except sqlite3.DatabaseError:
        schema.lay_first_page(path)
        old = schema.connect(path)
    with contextlib.closing(old):
        old.text_factory = lambda raw: raw.decode(errors="replace")
        select = f"SELECT rowid, {columns} FROM {table} NOT INDEXED"  # noqa: S608  # our own names
        first = last = 0
        try:
            for key, *row in old.execute(f"{select} ORDER BY rowid"):
                first = key
                yield tuple(row)
            return
        except sqlite3.DatabaseError:
            pass
        with contextlib.suppress(sqlite3.DatabaseError):
            for key, *row in old.execute(f"{select} WHERE rowid > ? ORDER BY rowid DESC", (first,)):
                last = key
                yield tuple(row)
        for key in range(first + 1, min(last, first + _LOOKUPS) if last else first + _BLIND):
            with contextlib.suppress(sqlite3.DatabaseError):  # on a damaged page: that is what we look for
                for _, *row in old.execute(f"{select} WHERE rowid = ?", (key,)):
                    yield tuple(row)


def _reconcile(db: sqlite3.Connection, now: int) -> None:
    """Note what should wait and does not as lost, so that counts and sequence numbers agree again."""
    version = db.execute("SELECT coalesce(max(version), 0) FROM tally").fetchone()[0]
    present: dict[str, Counter[int]] = {}
    places: dict[tuple[str, int], list[int]] = {}
    for topic, epoch, seq, hours in db.execute("SELECT topic, epoch, seq, counts FROM batches"):
        present.setdefault(topic, Counter()).update(counts.decode(hours))
        places.setdefault((topic, epoch), []).append(seq)
    known = {
        (topic, epoch): (last, done)
        for topic, epoch, last, done in db.execute("SELECT topic, epoch, last, done FROM epochs")
    }
    blamed: dict[str, int] = {}  # topic → an epoch in which something is missing
    for (topic, epoch), seqs in places.items():
        if (topic, epoch) not in known:
            known[topic, epoch] = (max(seqs), "[]")
            db.execute(
                "INSERT INTO epochs (topic, epoch, last, offered) VALUES (?, ?, ?, ?)",
                (topic, epoch, max(seqs), max(seqs)),
            )
    for (topic, epoch), (last, done) in sorted(known.items()):
        waiting = ranges.of(places.get((topic, epoch), ()))
        missing = ranges.gaps(ranges.union(holes.decode(done), waiting), last)
        if missing:
            holes.note(db, topic, epoch, holes.CORRUPT, missing, {})
            after = holes.dump(ranges.union(holes.decode(done), missing))
            db.execute("UPDATE epochs SET done = ? WHERE topic = ? AND epoch = ?", (after, topic, epoch))
            blamed[topic] = epoch
            _log.error("%s: lost %d batches of epoch %d: %s", topic, ranges.size(missing), epoch, missing)
    topics = {topic for (topic,) in db.execute("SELECT DISTINCT topic FROM tally")} | set(present)
    for topic in topics:
        should, does = counts.waiting(db, topic), present.get(topic, Counter())
        if lost := should - does:
            epoch = blamed.get(topic, 1)
            holes.note(db, topic, epoch, holes.CORRUPT, (), lost)
            version += len(lost)
            counts.add(db, topic, lost, Change(shed=True), version=version, now=now)
            _log.error("%s: lost %d samples", topic, lost.total())
        if uncounted := does - should:  # the count was lost, not the samples
            version += len(uncounted)
            counts.add(db, topic, uncounted, Change(recorded=True), version=version, now=now)
