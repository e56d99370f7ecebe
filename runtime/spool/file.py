"""Transactions on the spool's file: what a full or damaged disk does to them is decided here."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from runtime.clock import Clock
from runtime.spool import salvage, schema
from runtime.spool.errors import Full, Unusable
from runtime.spool.reserve import Reserve

T = TypeVar("T")
_NO_PLACE: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_log: Final = logging.getLogger(__name__)


class File:
    """One SQLite file, held by this process alone, one transaction at a time."""

    def __init__(
        self, path: Path, *, clock: Clock, limit: int, begin: Callable[[sqlite3.Connection, Reserve], None]
    ) -> None:
        """`begin` runs in the first transaction after the file was opened, and again after it was salvaged.

        Raises Busy, Unusable, Full.
        """
        self.path = path
        self.reserve = Reserve(path.with_name(path.name + ".reserve"), limit)
        self._clock = clock
        self._begin = begin
        self._lock = threading.RLock()
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def _open(self) -> None:
        try:
            self._db = salvage.open_sound(self.path, now=self._clock.now())
            self.run(lambda db: self._begin(db, self.reserve), durable=True, insist=True)
        except OSError as error:
            raise Full(self.path, str(error)) from None
        except sqlite3.DatabaseError as error:
            if schema.primary(error) in _NO_PLACE:
                raise Full(self.path, str(error)) from None
            raise Unusable(self.path, str(error)) from None
        self.reserve.hold()

    def run(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        durable: bool,
        insist: bool = False,
        undo: Callable[[], None] = lambda: None,
    ) -> T:
        """Do work in one transaction; where it fails nothing is left of it, and `undo` is called.

        `durable`: it survives a power cut, for which it waits for the disk.
        `insist`: where the disk is full the reserve may be spent: to hand out, to settle, never to append.
        Until it is held again nothing is appended: without that room the WAL might never flow back.
        Where the file is found damaged it is salvaged, and the work done on what was saved.
        Raises Full, Unusable.
        """
        with self._lock:
            if not insist:
                self.recover()
                if not self.reserve.held:
                    raise Full(self.path, "its reserve is spent")
            for last in (False, True):
                try:
                    return self._transaction(work, durable=durable)
                except sqlite3.DatabaseError as error:
                    undo()
                    code = schema.primary(error)
                    if code in _NO_PLACE:
                        if last:
                            raise Full(self.path, str(error)) from None
                        self._make_room(spend=insist)
                    elif code in _DAMAGED and not last:
                        _log.error("%s is damaged (%s)", self.path, error)
                        self._db.close()
                        self._open()
                    else:
                        raise Unusable(self.path, str(error)) from None
                except BaseException:  # also a kill or a cancel: undo it, then on it goes
                    undo()
                    raise
        raise AssertionError  # the second round returns or raises

    def recover(self) -> None:
        """Hold the reserve again, if it was spent and there is room."""
        with self._lock:
            if not self.reserve.held:
                self._make_room(spend=False)
                self.reserve.hold()

    def _transaction(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        db = self._db
        db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        db.execute("BEGIN IMMEDIATE")
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:  # also a kill or a cancel: undo it, then on it goes
            if db.in_transaction:
                with contextlib.suppress(sqlite3.DatabaseError):  # the first error is the one to tell
                    db.execute("ROLLBACK")
            raise
        return result

    def _make_room(self, *, spend: bool) -> None:
        """Let the WAL flow back and give its space to the disk; where told, the reserve's before."""
        if spend:
            self.reserve.free()
        with contextlib.suppress(sqlite3.DatabaseError):  # no room for that either: the second round tells
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
