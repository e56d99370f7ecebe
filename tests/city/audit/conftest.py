"""A city database with the trail's tables on each engine, and a sealer that is turned by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.audit import Sealer, Settings
from city.db import Database
from runtime.clock import Fake
from tests.city.audit.books import HISTORIES
from tests.city.audit.quick import Standing


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return Standing(HISTORIES, tmp_path_factory.mktemp("standing"))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, standing: Standing, tmp_path: Path) -> Iterator[Database]:
    with standing.opened(request, request.param, tmp_path) as database:
        yield database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(witness=tmp_path / "witness", most=4, keep=10.0, keep_protected=20.0)


@pytest.fixture
def sealer(db: Database, clock: Fake, settings: Settings) -> Sealer:
    return Sealer(db, clock, settings=settings)
