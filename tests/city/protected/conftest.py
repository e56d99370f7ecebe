"""Cases of one programme on each engine, and the people around them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import city.audit.history
import city.history
import city.privacy.history
import city.protected.history
from city.audit import PROTECTED, Trail
from city.db import Database
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from city.protected import Cases, Consents, Force
from runtime.clock import Fake
from runtime.ids import factory
from tests.city.audit.quick import Standing

HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.protected.history.HISTORY,
)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return Standing(HISTORIES, tmp_path_factory.mktemp("standing"))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, standing: Standing, tmp_path: Path) -> Iterator[Database]:
    with standing.opened(request, request.param, tmp_path) as database:
        yield database


@pytest.fixture
def vault(db: Database, tmp_path: Path, clock: Fake) -> Vault:
    keys = KeyFile(tmp_path / "keys" / "vault.json", clock=clock)
    prepare(db, keys, clock)
    return Vault(db, keys, clock=clock)


@pytest.fixture
def cases(vault: Vault, clock: Fake) -> Cases:
    return Cases(programme="wadul_bae", vault=vault, trail=Trail(clock=clock, chain=PROTECTED), clock=clock)


@pytest.fixture
def force(cases: Cases, clock: Fake) -> Force:
    return Force(cases, ids=factory(clock))


@pytest.fixture
def consents(cases: Cases) -> Consents:
    return Consents(cases)
