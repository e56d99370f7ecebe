"""The spool's file: tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from runtime.spool.errors import Busy, Unusable

VERSION: Final = 2
PAGE: Final = 4096  # bytes
CHECKPOINT: Final = 256  # pages of WAL (1 MiB) after which it flows back into the file: disks may be small
CACHE: Final = 512  # KiB of pages in memory: the inner pages of a spool of 256 MiB; machines are small
# Short, without comments: the schema must fit the file's first page (see lay_first_page).
#
# batches: only appended, and taken away once settled, shed or found corrupt. `recorded`: µs UTC; `size`: what
#   it costs; `control`: gap or tally where the spool itself speaks; `tells`: a tally's newest version.
# epochs: what became of the sequence numbers 1 … last. Handed out up to `offered`; ranges that the broker
#   has (`sent`), that were receipted or declared lost (`done`). A row goes when all is done and over.
# tally: samples by hour; a change gives a row the next `version`; `told`: that in the last receipted tally.
#   `strays`: what of `shed` may have arrived.
# holes: losses that wait to be declared.
_TABLES: Final = """
CREATE TABLE batches (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, size INTEGER NOT NULL,
 topic TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, recorded INTEGER NOT NULL,
 control TEXT NOT NULL, tells INTEGER NOT NULL, counts TEXT NOT NULL, content_type TEXT NOT NULL,
 properties TEXT NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE UNIQUE INDEX places ON batches (topic, epoch, seq);
CREATE INDEX lanes ON batches (lane, id, size);
CREATE INDEX controls ON batches (control, topic) WHERE control <> '';
CREATE TABLE epochs (topic TEXT NOT NULL, epoch INTEGER NOT NULL, last INTEGER NOT NULL,
 offered INTEGER NOT NULL DEFAULT 0, sent TEXT NOT NULL DEFAULT '[]', done TEXT NOT NULL DEFAULT '[]',
 PRIMARY KEY (topic, epoch));
CREATE TABLE tally (topic TEXT NOT NULL, hour INTEGER NOT NULL, recorded INTEGER NOT NULL,
 sent INTEGER NOT NULL, settled INTEGER NOT NULL, shed INTEGER NOT NULL, version INTEGER NOT NULL,
 told INTEGER NOT NULL DEFAULT 0, touched INTEGER NOT NULL, strays TEXT NOT NULL DEFAULT '[]',
 PRIMARY KEY (topic, hour));
CREATE TABLE holes (topic TEXT NOT NULL, epoch INTEGER NOT NULL, reason TEXT NOT NULL,
 ranges TEXT NOT NULL, samples TEXT NOT NULL, PRIMARY KEY (topic, epoch, reason));
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)
"""
# From version 1 to 2. A new column stands last and has a default: lay_first_page then suits either file.
_SINCE_1: Final = "ALTER TABLE tally ADD COLUMN strays TEXT NOT NULL DEFAULT '[]'"


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for this process alone. Raises Busy; sqlite3.DatabaseError where the file is damaged."""
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        db.execute(f"PRAGMA page_size={PAGE}")
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")
        db.execute(f"PRAGMA journal_size_limit={CHECKPOINT * PAGE}")
        db.execute(f"PRAGMA cache_size=-{CACHE}")
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        db.close()
        if primary(error) == sqlite3.SQLITE_BUSY:
            raise Busy(path) from None
        raise
    return db


def create(db: sqlite3.Connection, path: Path) -> None:
    """Lay the tables where there are none, or bring them up to date. Raises Unusable for a newer version."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise Unusable(path, f"written by a newer version, {version} > {VERSION}")
    if version == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    for statement in [_SINCE_1] if version else _TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version={VERSION}")
    db.execute("COMMIT")


def lay_first_page(path: Path) -> None:
    """Give a file with a damaged first page a new one: the schema is the same in every file, page by page.

    The header's free list and size are left out; they are not needed to read.
    """
    import tempfile  # only for a damaged file

    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "fresh"
        db = sqlite3.connect(fresh, isolation_level=None)
        create(db, fresh)
        db.close()
        page = bytearray(fresh.read_bytes()[:PAGE])
    page[18:20] = b"\x02\x02"  # WAL
    page[28:40] = bytes(12)  # size of the file, and its free list: unknown
    with path.open("r+b") as file:
        file.write(page)


def primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
