"""A room on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.ids import Factory
from tests.alerts.room import HISTORIES, Room
from tests.fixtures.tables import ready


@pytest.fixture
def room(city_url: str, ids: Factory) -> Iterator[Room]:
    database = ready(city_url, HISTORIES)
    yield Room(database, ids)
    database.close()


@pytest.fixture
def small(tmp_path: Path, ids: Factory) -> Iterator[Room]:
    """SQLite alone, where the database is not what is tested."""
    database = ready(f"sqlite:///{tmp_path / 'lite.sqlite'}", HISTORIES)
    yield Room(database, ids)
    database.close()
