"""A post office on each engine, a real SMTP server, and a real HTTP endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import city.history
import city.notifications.history
import city.privacy.history
from city.db import Database, metadata
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime.clock import Fake
from tests.city.notifications.office import Office
from tests.city.notifications.wire import Endpoint, Mailbox

HISTORIES = (city.history.HISTORY, city.privacy.history.HISTORY, city.notifications.history.HISTORY)


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    with database.begin() as tx:
        metadata.create_all(tx, tables=[table for history in HISTORIES for table in history.tables])
    yield database
    database.close()


@pytest.fixture
def vault(db: Database, tmp_path: Path, clock: Fake) -> Vault:
    file = KeyFile(tmp_path / "keys.json", clock=clock)
    prepare(db, file, clock)
    return Vault(db, file, clock=clock)


@pytest.fixture
def office(db: Database, vault: Vault, clock: Fake, tmp_path: Path) -> Office:
    return Office(db, vault, clock, tmp_path)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as one:
        yield one
