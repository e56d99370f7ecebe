"""An empty register on each engine."""

from collections.abc import Iterator

import pytest

from city.db import Database
from city.disclosure.history import HISTORY
from tests.fixtures.tables import ready


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    yield database
    database.close()
