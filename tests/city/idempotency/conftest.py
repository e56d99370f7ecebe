"""The service on each engine, with a real vault and a clock that stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import city.history
import city.idempotency.history
import city.privacy.history
from city.db import Database
from city.idempotency import Idempotency
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime import ids
from runtime.clock import Fake
from tests.fixtures.tables import ready

HISTORIES = (city.history.HISTORY, city.privacy.history.HISTORY, city.idempotency.history.HISTORY)


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, HISTORIES)
    yield database
    database.close()


@pytest.fixture
def service(db: Database, clock: Fake, tmp_path: Path) -> Idempotency:
    keys = KeyFile(tmp_path / "keys.json", clock=clock)
    prepare(db, keys, clock)
    vault = Vault(db, keys, clock=clock)
    return Idempotency(db, clock=clock, ids=ids.factory(clock), vault=vault, keys=keys)
