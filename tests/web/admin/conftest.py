"""Administration in the web shell: an admin of the city, one of a unit, and whom they manage."""

import shutil
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import city.idempotency.history
from city.audit import CITY, Trail, Witness
from city.audit.seals import MARK
from city.db import Database, upgrade
from city.idempotency import Idempotency
from city.idempotency.settings import Settings as Once
from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.came import Came
from city.identity.model import UnitKind
from city.identity.sessions import Method, Opened
from city.identity.settings import Settings
from city.identity.wiring import Identity, wire
from runtime import ids
from runtime.clock import Fake
from tests.city.identity.cast import CHEAP, HISTORIES, ROLES, Sent, safe
from tests.fixtures import house
from tests.fixtures.whole import Whole
from web.account import wiring as accounts
from web.admin import wiring
from web.admin.trail import Book
from web.health import Checks
from web.shell import create_app

ALL = (*HISTORIES, city.idempotency.history.HISTORY)
ORIGIN = "http://localhost:8600"


class Browser(TestClient):
    """Somebody's browser; it follows no redirect by itself."""

    def __init__(self, app: FastAPI, token: str = "", accept: str = "text/html") -> None:
        super().__init__(
            app, base_url=ORIGIN, headers={"accept": accept, "origin": ORIGIN}, follow_redirects=False
        )
        if token:
            self.cookies.set("imm-session", token)


class Hall:
    """The application, with dishub (terminal below it) and damkar."""

    def __init__(self, db: Database, clock: Fake, folder: Path) -> None:
        self.db = db
        self.clock = clock
        self.folder = folder
        vault = safe(db, folder, clock)
        factory = ids.factory(clock)
        self.identity: Identity = wire(
            db,
            clock=clock,
            ids=factory,
            vault=vault,
            trail=Trail(clock=clock),
            sender=Sent(),
            settings=Settings(passwords=CHEAP),
            roles=ROLES,
        )
        self.witness = Witness(folder / "audit", CITY, clock=clock)
        self.sign = partial(vault.keys.mac, MARK)
        book = Book(db, clock=clock, trail=Trail(clock=clock), witness=self.witness, sign=self.sign)
        self.account = accounts.wire(self.identity, clock=clock)
        self.admin = wiring.contribution(self.identity, book, clock=clock)
        self.once = Idempotency(db, clock=clock, ids=factory, vault=vault, keys=vault.keys, settings=Once())
        for unit, parent in (("dishub", EVERYWHERE), ("terminal", "dishub"), ("damkar", EVERYWHERE)):
            self.identity.units.add(SYSTEM, id=unit, kind=UnitKind.AGENCY, name=unit.title(), parent=parent)

    @cached_property
    def app(self) -> FastAPI:
        return create_app(
            [self.account.contribution, self.admin],
            db=self.db,
            clock=self.clock,
            checks=Checks(live=tuple, ready=tuple, figures=bytes),
            hosts=("localhost",),
            resolve=self.account.resolve,
            kept=self.once,
        )

    def person(self, name: str, *roles: str, unit: str = EVERYWHERE, home: str = EVERYWHERE) -> str:
        """Id of somebody with these roles."""
        person = self.identity.people.invite(SYSTEM, name=name, login=name.lower(), unit=home).person
        for role in roles:
            programme, _, word = role.rpartition("/")
            self.identity.grants.give(SYSTEM, person.id, Grant(role=word, programme=programme, unit=unit))
        return person.id

    def session(self, person: str) -> Opened:
        """A strong session of somebody."""
        found = self.identity.people.get(SYSTEM, person)
        with self.db.begin() as tx:
            return self.identity.signin.open(tx, found, Method.PASSKEY, Came(agent="Firefox"), strong=True)

    def browser(self, person: str) -> Browser:
        """Somebody's browser."""
        return Browser(self.app, self.session(person).token)

    def client(self, person: str) -> Browser:
        """The same for the API."""
        return Browser(self.app, self.session(person).token, "application/json")


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy."""
    file = tmp_path_factory.mktemp("admin") / "city.sqlite"
    database = Database(f"sqlite:///{file}")
    upgrade(database, ALL)
    database.close()
    return file


@pytest.fixture
def hall(ready: Path, tmp_path: Path, clock: Fake) -> Iterator[Hall]:
    database = Database(f"sqlite:///{shutil.copy(ready, tmp_path / 'city.sqlite')}")
    yield Hall(database, clock, tmp_path)
    database.close()


@pytest.fixture
def root_(hall: Hall) -> str:
    """Id of the admin of the city."""
    return hall.person("Ratna", "platform/admin")


@pytest.fixture
def chief(hall: Hall) -> str:
    """Id of the admin of dishub."""
    return hall.person("Candra", "platform/admin", unit="dishub", home="dishub")


Ask = Callable[..., Any]
Enter = Callable[..., TestClient]


@pytest.fixture
def enter(whole: Whole) -> Enter:
    """A browser of somebody new with these roles, before the whole application."""
    app = whole.app(whole.parts.account.resolve)

    def enter(name: str, *roles: str) -> TestClient:
        login = f"{name} {len(whole.parts.identity.people.page(SYSTEM, limit=500))}"
        opened = house.let_in(whole.parts.db, whole.parts.identity, login, *roles)
        headers = {"accept": "text/html", "origin": "http://testserver"}
        client = TestClient(app, headers=headers, follow_redirects=False)
        client.cookies.set("imm-session", opened.token)
        return client

    return enter


@pytest.fixture
def api(hall: Hall, root_: str) -> Browser:
    """The API as the admin of the city asks it."""
    return hall.client(root_)


@pytest.fixture
def of_dishub(hall: Hall, chief: str) -> Browser:
    """The API as the admin of dishub asks it."""
    return hall.client(chief)


def key() -> dict[str, str]:
    """A name of one's own for a request."""
    key.count += 1  # type: ignore[attr-defined]
    return {"idempotency-key": f"request-{key.count}"}  # type: ignore[attr-defined]


key.count = 0  # type: ignore[attr-defined]
