"""An empty register on each engine."""

from collections.abc import Iterator

import pytest

from city.db import Database, upgrade
from city.disclosure.history import HISTORY


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    upgrade(database, [HISTORY])
    yield database
    database.close()
