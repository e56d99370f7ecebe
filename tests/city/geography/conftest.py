"""An atlas of Kota Cirebon without boundaries, on each engine."""

from collections.abc import Iterator

import pytest

from city.db import Database
from city.geography import Areas, Atlas, Boundaries
from city.geography.history import HISTORY
from runtime.clock import Fake
from tests.fixtures.tables import ready


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    yield database
    database.close()


@pytest.fixture(scope="session")
def areas() -> Areas:
    return Areas.load()


@pytest.fixture
def atlas(db: Database, clock: Fake, areas: Areas) -> Atlas:
    return Atlas(db, clock, areas, Boundaries(areas))
