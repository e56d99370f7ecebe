"""Identities on each engine, with Argon2 made cheap, and people who are in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from city.audit import Trail
from city.audit.tables import entries
from city.db import Database, upgrade
from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.model import UnitKind
from city.identity.settings import Settings
from city.identity.tables.people import trees
from city.identity.wiring import Identity, wire
from city.privacy import Vault
from runtime import ids
from runtime.clock import Fake
from tests.city.identity.cast import CHEAP, HISTORIES, ROLES, Make, Sent, Somebody, safe


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture(scope="session")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Database]]:
    """An SQLite database, migrated once, and put back as it was then for each test."""
    file = tmp_path_factory.mktemp("identity") / "city.sqlite"
    database = Database(f"sqlite:///{file}")
    upgrade(database, HISTORIES)
    database.close()
    kept = file.read_bytes()

    def restored() -> Database:
        database.close()
        for left in file.parent.glob("city.sqlite-*"):
            left.unlink()
        file.write_bytes(kept)
        return database

    yield restored
    database.close()


@pytest.fixture(scope="session")
def emptied(request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """A PostgreSQL database, migrated once, and emptied for each test."""
    database = Database(request.getfixturevalue("postgres").create())
    upgrade(database, HISTORIES)
    names = ", ".join(table.name for history in HISTORIES for table in history.tables)

    def empty() -> Database:
        with database.begin() as tx:
            # The trail refuses it; a superuser may leave its triggers out.
            tx.execute(text("SET LOCAL session_replication_role = replica"))
            tx.execute(text(f"TRUNCATE {names} CASCADE"))
            tx.execute(insert(trees).values(id=1, version=1))
        return database

    yield empty
    database.close()


@pytest.fixture(params=["lite", "emptied"], ids=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Database:
    """One database for all tests: its compiled statements are kept, its rows are not."""
    fresh: Callable[[], Database] = request.getfixturevalue(request.param)
    return fresh()


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def settings() -> Settings:
    return Settings(passwords=CHEAP)


@pytest.fixture
def vault(db: Database, tmp_path: Path, clock: Fake) -> Vault:
    return safe(db, tmp_path, clock)


@pytest.fixture
def identity(db: Database, clock: Fake, sent: Sent, settings: Settings, vault: Vault) -> Identity:
    return wire(
        db,
        clock=clock,
        ids=ids.factory(clock),
        vault=vault,
        trail=Trail(clock=clock),
        sender=sent,
        settings=settings,
        roles=ROLES,
    )


@pytest.fixture
def somebody(identity: Identity, clock: Fake) -> Make:
    """Makes somebody with these roles (`tangi/officer`) for a unit, who is signed in."""

    def make(login: str, *roles: str, unit: str = EVERYWHERE, home: str = EVERYWHERE) -> Somebody:
        invited = identity.people.invite(SYSTEM, name=login.title(), login=login, unit=home)
        for role in roles:
            programme, _, name = role.partition("/")
            grant = Grant(role=name, programme=programme, unit=unit)
            identity.grants.give(SYSTEM, invited.person.id, grant)
        one = Somebody(identity, clock, login, invited.person.id)
        one.enrol(invited.link.token)
        return one

    return make


@pytest.fixture
def units(identity: Identity) -> None:
    """dishub with terminal below it, and damkar."""
    for unit, parent in (("dishub", EVERYWHERE), ("terminal", "dishub"), ("damkar", EVERYWHERE)):
        identity.units.add(SYSTEM, id=unit, kind=UnitKind.AGENCY, name=unit.title(), parent=parent)


@pytest.fixture
def noted(db: Database) -> Callable[[], list[tuple[str, str, str]]]:
    """What the trail remembers: by, action, record."""

    def look() -> list[tuple[str, str, str]]:
        with db.read() as tx:
            rows = tx.execute(select(entries.c.by, entries.c.action, entries.c.record).order_by(entries.c.id))
            return [(row.by, row.action, row.record) for row in rows]

    return look
