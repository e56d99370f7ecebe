"""An up-to-date city database on each engine, and a clock that stands."""

from collections.abc import Iterator

import pytest

from city.db import Database, upgrade
from city.history import HISTORY
from runtime.clock import Fake


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    upgrade(database, [HISTORY])
    yield database
    database.close()
