"""A city database with the devices' tables on each engine, and who works with it."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import city.audit.history
import city.files.history
import city.history
import city.identity.history
import city.imports.history
import city.privacy.history
import devices.history
from city.audit import Filters, Kept, Trail, page
from city.db import Database, History
from city.identity.caller import SYSTEM, Caller, Kind
from city.privacy import KeyFile, Vault, keks
from contracts.topics import Kind as Sort
from devices.registry import Device, Plan, Registry, State
from devices.roles import DISABLE, ENROL, MANAGE, READ
from runtime.clock import Fake
from runtime.ids import Factory
from tests.fixtures.tables import ready

HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.identity.history.HISTORY,
    city.files.history.HISTORY,
    city.imports.history.HISTORY,
    devices.history.HISTORY,
)
Planned = Callable[..., Device]


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def ids() -> Factory:
    """Ids that are told apart and sort by the order of making."""
    numbers = itertools.count(1)
    return lambda: f"id-{next(numbers):06}"


@pytest.fixture(scope="session")
def histories() -> Sequence[History]:
    """Whose tables the databases have."""
    return HISTORIES


@pytest.fixture
def db(city_url: str, histories: Sequence[History]) -> Iterator[Database]:
    database = ready(city_url, histories)
    yield database
    database.close()


@pytest.fixture
def lite(tmp_path: Path, histories: Sequence[History]) -> Iterator[Database]:
    """SQLite alone, where the database is not what is tested."""
    database = ready(f"sqlite:///{tmp_path / 'lite.sqlite'}", histories)
    yield database
    database.close()


def vault_of(database: Database, folder: Path, clock: Fake) -> Vault:
    keys = KeyFile(folder / "keys.json", clock=clock)
    keks.prepare(database, keys, clock)
    return Vault(database, keys, clock=clock)


def registry_of(database: Database, vault: Vault, clock: Fake, ids: Factory) -> Registry:
    trail = Trail(clock=clock)
    return Registry(database, clock=clock, ids=ids, trail=trail, vault=vault, reserved={"analytics"})


@pytest.fixture
def vault(db: Database, tmp_path: Path, clock: Fake) -> Vault:
    return vault_of(db, tmp_path, clock)


@pytest.fixture
def registry(db: Database, vault: Vault, clock: Fake, ids: Factory) -> Registry:
    return registry_of(db, vault, clock, ids)


def plan(device: str = "kiosk-07", **changes: Any) -> Plan:
    return Plan(**({"device": device, "kind": Sort.KIOSK, "site": "bima"} | changes))


@pytest.fixture
def planned(db: Database, registry: Registry) -> Planned:
    """Add a device; `state` for one that stands already."""

    def add(device: str = "kiosk-07", *, state: State = State.PLANNED, **changes: Any) -> Device:
        with db.begin() as tx:
            return registry.add(tx, SYSTEM, plan(device, **changes), state=state)

    return add


def engineer(unit: str, *permissions: str) -> Caller:
    """Somebody who may this for one unit's devices."""
    may = permissions or (READ, MANAGE, ENROL, DISABLE)
    return Caller(kind=Kind.PERSON, id="p-1", name="Sri", reach=dict.fromkeys(may, frozenset({unit})))


def noted(database: Database, device: str) -> list[Kept]:
    """The trail of a device, newest first."""
    with database.read() as tx:
        return page(tx, Filters(record=device))
