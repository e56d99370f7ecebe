"""A database with clocks, and a bench to fire them on."""

from collections.abc import Iterator

import pytest

from city.db import Database, metadata
from city.schedule.history import HISTORY
from tests.city.schedule.bench import Bench, log


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    with database.begin() as tx:
        metadata.create_all(tx, tables=HISTORY.tables)  # what migrations make is the same, and takes longer
        log.create(tx)
    yield database
    database.close()


@pytest.fixture
def bench(db: Database) -> Bench:
    return Bench(db)
