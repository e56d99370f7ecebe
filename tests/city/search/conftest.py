"""An empty index on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database, upgrade
from city.search.history import HISTORY
from tests.city.search.shelf import Shelf


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    upgrade(database, [HISTORY])
    yield database
    database.close()


@pytest.fixture
def shelf(db: Database) -> Shelf:
    return Shelf(db)


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Shelf, Shelf]]:
    """The same on SQLite and on PostgreSQL."""
    databases = [Database(f"sqlite:///{tmp_path / 'search.sqlite'}"), Database(postgres_url)]
    for database in databases:
        upgrade(database, [HISTORY])
    yield Shelf(databases[0]), Shelf(databases[1])
    for database in databases:
        database.close()
