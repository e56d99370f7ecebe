"""An empty index on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database
from city.search.history import HISTORY
from tests.city.search.shelf import Shelf
from tests.fixtures.tables import ready


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    yield database
    database.close()


@pytest.fixture
def shelf(db: Database) -> Shelf:
    return Shelf(db)


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Shelf, Shelf]]:
    """The same on SQLite and on PostgreSQL."""
    databases = [ready(url, [HISTORY]) for url in (f"sqlite:///{tmp_path / 'search.sqlite'}", postgres_url)]
    yield Shelf(databases[0]), Shelf(databases[1])
    for database in databases:
        database.close()
