"""A city database with the trail's tables on each engine, and a sealer that is turned by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.audit import Sealer, Settings
from city.db import Database, upgrade
from runtime.clock import Fake
from tests.city.audit.books import HISTORIES


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    upgrade(database, HISTORIES)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(witness=tmp_path / "witness", most=4, keep=10.0, keep_protected=20.0)


@pytest.fixture
def sealer(db: Database, clock: Fake, settings: Settings) -> Sealer:
    return Sealer(db, clock, settings=settings)
