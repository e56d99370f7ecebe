"""A vault on each engine, its keys in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime.clock import Fake
from tests.city.audit.quick import Standing
from tests.city.privacy.safe import HISTORIES


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return Standing(HISTORIES, tmp_path_factory.mktemp("standing"))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, standing: Standing, tmp_path: Path) -> Iterator[Database]:
    with standing.opened(request, request.param, tmp_path) as database:
        yield database


@pytest.fixture
def keys(tmp_path: Path, clock: Fake) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "vault.json", clock=clock)


@pytest.fixture
def vault(db: Database, keys: KeyFile, clock: Fake) -> Vault:
    prepare(db, keys, clock)
    return Vault(db, keys, clock=clock)
