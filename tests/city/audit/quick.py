"""Databases with tables in them for many tests: migrated once, copied or emptied for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import text

from city.db import Database, History, upgrade
from tests.fixtures.postgres import Postgres


class Standing:
    """An SQLite file to copy, and one PostgreSQL database that is emptied."""

    def __init__(self, histories: Sequence[History], folder: Path) -> None:
        self._histories = histories
        self._blank = folder / "blank.sqlite"
        self._url = ""

    @contextmanager
    def opened(self, request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[Database]:
        """An empty database of this engine with all tables."""
        if engine == "sqlite":
            if not self._blank.exists():
                self._migrated(f"sqlite:///{self._blank}").close()
            copyfile(self._blank, folder / "city.sqlite")
            db = Database(f"sqlite:///{folder / 'city.sqlite'}")
            yield db
            db.close()
            return
        server: Postgres = request.getfixturevalue("postgres")
        if not self._url:
            self._url = server.create()
            self._migrated(self._url).close()
        db = Database(self._url)
        yield db
        self._empty(db)
        db.close()

    def _migrated(self, url: str) -> Database:
        db = Database(url)
        upgrade(db, self._histories)
        return db

    def _empty(self, db: Database) -> None:
        names = [table.name for history in self._histories for table in history.tables]
        with db.begin() as tx:
            tx.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger refuses
            tx.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE"))
            for name in names:
                tx.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER ALL"))
