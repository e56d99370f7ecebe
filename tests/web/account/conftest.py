"""Sign-in in the web shell, with Argon2 made cheap, and people who are in."""

import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse, Response

from city.audit import Trail
from city.db import Database, upgrade
from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.settings import Settings
from city.identity.wiring import Identity, wire
from runtime import ids
from runtime.clock import Fake
from tests.city.identity.cast import CHEAP, HISTORIES, PASSWORD, ROLES, Sent, Somebody, safe
from web import access
from web.account import wiring
from web.account.settings import Oidc
from web.contribution import Contribution
from web.health import Checks
from web.shell import create_app

ORIGIN = "http://localhost:8600"
WORK = "tangi.incidents.work"
READ = "tangi.incidents.read"


class Browser(TestClient):
    """A client that behaves as a browser: keeps cookies, says where a form comes from, asks for pages."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            app, base_url=ORIGIN, headers={"accept": "text/html", "origin": ORIGIN}, follow_redirects=False
        )

    def enter(self, person: Somebody, place: str = "") -> None:
        """Sign in by password and code."""
        form = {"login": person.login, "password": PASSWORD, "next": place}
        assert self.post("/masuk", data=form).status_code == 303
        answer = self.post("/masuk/faktor", data={"kind": "totp", "code": person.code(), "next": place})
        assert answer.headers["location"] == place or "/"


class House:
    """One application of sign-in, and who is behind it."""

    def __init__(
        self, db: Database, clock: Fake, *, settings: Settings | None = None, oidc: Oidc | None = None
    ) -> None:
        self.db = db
        self.clock = clock
        self.sent = Sent()
        self.identity: Identity = wire(
            db,
            clock=clock,
            ids=ids.factory(clock),
            vault=safe(db, Path(db.address.database or "").parent, clock),
            trail=Trail(clock=clock),
            sender=self.sent,
            settings=settings or Settings(passwords=CHEAP),
            roles=ROLES,
        )
        self.account = wiring.wire(self.identity, clock=clock, oidc=oidc)

    @cached_property
    def app(self) -> FastAPI:
        """Sign-in beside a package that has something to guard."""
        return create_app(
            [self.account.contribution, Contribution(name="desk", routers=(_desk(),))],
            db=self.db,
            clock=self.clock,
            checks=Checks(live=tuple, ready=tuple, figures=bytes),
            hosts=("localhost", "127.0.0.1"),
            resolve=self.account.resolve,
        )

    def browser(self) -> Browser:
        """A new browser."""
        return Browser(self.app)

    def somebody(self, login: str, *roles: str, unit: str = EVERYWHERE) -> Somebody:
        """Somebody with these roles (`tangi/officer`) and password and code app."""
        invited = self.identity.people.invite(SYSTEM, name=login.title(), login=login)
        for role in roles:
            programme, _, name = role.partition("/")
            self.identity.grants.give(
                SYSTEM, invited.person.id, Grant(role=name, programme=programme, unit=unit)
            )
        one = Somebody(self.identity, self.clock, login, invited.person.id)
        one.enrol(invited.link.token)
        return one


def _desk() -> APIRouter:
    routes = APIRouter()

    @routes.get("/", dependencies=[access.public()], include_in_schema=False)
    def start() -> Response:
        return HTMLResponse("start")

    @routes.get("/meja", dependencies=[access.needs(READ)], include_in_schema=False)
    def desk(caller: access.Caller) -> Response:
        return HTMLResponse(f"the desk of {caller.name}")

    @routes.post("/meja", dependencies=[access.needs(WORK)], include_in_schema=False)
    def work(caller: access.Caller) -> Response:
        return HTMLResponse(f"done by {caller.name}")

    @routes.get("/api/v1/desk", dependencies=[access.needs(READ)])
    def read(caller: access.Caller) -> dict[str, str]:
        return {"by": caller.name}

    return routes


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy: quicker than to migrate one for each test."""
    file = tmp_path_factory.mktemp("account") / "city.sqlite"
    database = Database(f"sqlite:///{file}")
    upgrade(database, HISTORIES)
    database.close()
    return file


@pytest.fixture
def db(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'city.sqlite')}")
    yield database
    database.close()


@pytest.fixture
def house(db: Database, clock: Fake) -> House:
    return House(db, clock)


@pytest.fixture
def browser_of(house: House) -> Callable[[], Browser]:
    """Makes another browser."""
    return house.browser
