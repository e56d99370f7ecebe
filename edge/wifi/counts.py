"""Counts that go on over restarts, in a small SQLite file beside the spool. They hold no identities."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

_log: Final = logging.getLogger(__name__)
_TABLES: Final = """
create table if not exists counts (metric text, instance text, value integer, primary key (metric, instance));
create table if not exists looks (instance text primary key, time integer);
"""


class Counts:
    """Totals by (metric, instance), kept by `save`; a full disk is no reason to stop. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._totals: Counter[tuple[str, str]] = Counter()
        self._looks: dict[str, int] = {}
        self._fresh: set[tuple[str, str]] = set()
        self._looked: set[str] = set()
        self._failing = False
        self._db = opened(path, _TABLES)
        self._totals.update(
            {
                (metric, instance): value
                for metric, instance, value in self._db.execute("select * from counts")
            }
        )
        self._looks.update(dict(self._db.execute("select instance, time from looks")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._db.close()

    def add(self, metric: str, instance: str, number: int = 1) -> None:
        """Count on."""
        if number:
            self._totals[metric, instance] += number
            self._fresh.add((metric, instance))

    def total(self, metric: str, instance: str) -> float:
        """How many were counted, ever."""
        return float(self._totals[metric, instance])

    def looked(self, instance: str, time: int) -> int | None:
        """Note that a radio was looked at (µs UTC); return when it was before, if ever."""
        before = self._looks.get(instance)
        self._looks[instance] = time
        self._looked.add(instance)
        return before

    def save(self) -> None:
        """Write what is new. Blocks for the disk; a full one is told of once, and tried again next time."""
        fresh, self._fresh = self._fresh, set()
        looked, self._looked = self._looked, set()
        if not fresh and not looked:
            return
        rows = [(*key, self._totals[key]) for key in fresh]
        looks = [(instance, self._looks[instance]) for instance in looked]
        try:
            with self._db:
                self._db.executemany("insert or replace into counts values (?, ?, ?)", rows)
                self._db.executemany("insert or replace into looks values (?, ?)", looks)
        except sqlite3.Error as error:
            if not self._failing:
                _log.warning("counts are not kept over a restart: %s", error)
            self._failing = True
            self._fresh |= fresh
            self._looked |= looked
        else:
            self._failing = False


def opened(path: Path, tables: str) -> sqlite3.Connection:
    """A file of our own with its tables; a damaged one is put aside, an empty one begun. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(2):
        with _told(path):
            db = sqlite3.connect(path, check_same_thread=False)
            try:
                path.chmod(0o600)
                db.execute("pragma journal_mode=wal")
                db.execute("pragma synchronous=full")
                db.executescript(tables)
                return db
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
