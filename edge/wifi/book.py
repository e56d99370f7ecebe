"""What goes on over restarts, in a small SQLite file in the agent's folder: written behind, whole."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

_log: Final = logging.getLogger(__name__)
Key = tuple[str, bytes | str]
_TABLE: Final = """
create table if not exists book (shelf text, key blob, value blob, primary key (shelf, key)) without rowid;
"""


class Book:
    """Values by (shelf, key); what is put between two awaits is kept together. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._waiting: dict[Key, bytes | None] = {}
        self._failing = False
        self._writing = threading.Lock()
        self._turn = asyncio.Lock()
        self._db = _opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._db.close()

    def shelf(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        """What is kept on one shelf, as of the last writing."""
        yield from self._db.execute("select key, value from book where shelf = ?", (name,))

    def put(self, shelf: str, key: bytes, value: bytes | None) -> None:
        """Keep a value with the next writing, or forget it."""
        self._waiting[shelf, key] = value

    async def keep(self) -> bool:
        """Write what waits; whether all of it is on the disk now. A full disk is told of once."""
        async with self._turn:
            staged = self._stage()
            return await asyncio.to_thread(self._write, staged) if staged else True

    def save(self) -> bool:
        """As keep, for where nothing may wait."""
        return self._write(self._stage())

    def _stage(self) -> dict[Key, bytes | None]:
        staged, self._waiting = self._waiting, {}
        return staged

    def _write(self, staged: dict[Key, bytes | None]) -> bool:
        gone = [key for key, value in staged.items() if value is None]
        rows = [(*key, value) for key, value in staged.items() if value is not None]
        try:
            with self._writing, self._db:
                self._db.executemany("insert or replace into book values (?, ?, ?)", rows)
                self._db.executemany("delete from book where shelf = ? and key = ?", gone)
        except sqlite3.Error as error:
            if not self._failing:
                _log.warning("the counts of this node cannot be kept: %s", error)
            self._failing = True
            self._waiting = {**staged, **self._waiting}
            return False
        self._failing = False
        return True


def _opened(path: Path) -> sqlite3.Connection:
    """The file with its table; a damaged one is put aside, and an empty one begun."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(2):
        with _told(path):
            db: Any = sqlite3.connect(path, check_same_thread=False)
            try:
                path.chmod(0o600)
                db.execute("pragma journal_mode=wal")
                db.execute("pragma synchronous=full")
                db.executescript(_TABLE)
                return db  # type: ignore[no-any-return]
            except sqlite3.DatabaseError as error:
                db.close()
                if isinstance(error, sqlite3.OperationalError):  # full, locked, not ours: not damaged
                    raise
                _log.warning("%s is damaged and was put aside: %s", path.name, error)
                path.replace(path.with_suffix(".damaged"))
    raise OSError(f"{path} cannot be used")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"{path}: {error}") from None
