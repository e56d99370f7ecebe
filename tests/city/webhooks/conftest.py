"""A database with subscriptions on each engine, and secrets in a real vault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database
from tests.city.webhooks.stage import Stage


@pytest.fixture
def stage(city_url: str, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(city_url, tmp_path / "keys.json")
    yield made
    made.db.close()


@pytest.fixture
def db(stage: Stage) -> Database:
    return stage.db
