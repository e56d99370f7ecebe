"""An up-to-date city database on each engine, and a clock that stands."""

from collections.abc import Iterator

import pytest

from city.db import Database
from city.history import HISTORY
from runtime.clock import Fake
from tests.fixtures.tables import ready


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    yield database
    database.close()
