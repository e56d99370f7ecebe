"""A vault on each engine, its keys in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database
from city.privacy import Vault
from runtime.clock import Fake
from tests.city.privacy.safe import opened


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.json"


@pytest.fixture
def both(city_url: str, keys: Path, clock: Fake) -> Iterator[tuple[Database, Vault]]:
    with opened(city_url, keys, clock) as made:
        yield made


@pytest.fixture
def db(both: tuple[Database, Vault]) -> Database:
    return both[0]


@pytest.fixture
def vault(both: tuple[Database, Vault]) -> Vault:
    return both[1]
