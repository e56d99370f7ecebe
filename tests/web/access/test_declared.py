"""Every route says who may, and only they get in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Request
from fastapi.testclient import TestClient
from starlette.responses import Response

from city.db import Database
from city.identity.caller import SYSTEM, Caller, Kind
from contracts.errors import Refused
from runtime.clock import Fake
from tests.fixtures.stage import Stage
from web import access
from web.contribution import Contribution
from web.errors import Undeclared
from web.health import Checks
from web.shell import create_app

ANONYMOUS = Caller(kind=Kind.ANONYMOUS, id="anonymous", name="")
WEAK = Caller(kind=Kind.PERSON, id="p1", name="Sri")
STRONG = Caller(kind=Kind.PERSON, id="p1", name="Sri", strong=True)
CITIZEN = Caller(kind=Kind.PERSON, id="c1", name="", citizen=True)
READER = Caller(kind=Kind.APP, id="a1", name="Peta", strong=True, reach={"zoo.animals.read": None})
KEEPER = Caller(kind=Kind.PERSON, id="p2", name="Budi", strong=True, reach={"zoo.cages.open": {"bima"}})  # type: ignore[dict-item]
CHECKS = Checks(live=tuple, ready=tuple, figures=bytes)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{tmp_path / 'city.sqlite'}")
    yield db
    db.close()


def zoo() -> APIRouter:
    routes = APIRouter(prefix="/api/v1/zoo", tags=["zoo"])

    @routes.get("/map", dependencies=[access.public()])
    def place(caller: access.Caller) -> dict[str, str]:
        return {"by": caller.name}

    @routes.get("/me", dependencies=[access.signed_in()])
    def me(caller: access.Caller) -> dict[str, str]:
        return {"by": caller.name}

    @routes.get("/animals", dependencies=[access.needs("zoo.animals.read")])
    def animals() -> dict[str, str]:
        return {}

    @routes.post("/cages/{unit}", dependencies=[access.needs("zoo.cages.open")])
    def cage(unit: str, caller: access.Caller) -> dict[str, str]:
        access.require(caller, "zoo.cages.open", unit=unit)
        return {}

    return routes


def nothing() -> None:
    """A route of no use."""


@contextmanager
def asked(db: Database, clock: Fake, known: access.Known, *routers: APIRouter) -> Iterator[TestClient]:
    async def resolve(_: Request) -> access.Known:
        return known

    made = Contribution(name="zoo", routers=routers or (zoo(),), known={Refused: 422})
    app = create_app([made], db=db, clock=clock, checks=CHECKS, hosts=("testserver",), resolve=resolve)
    yield TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    "caller, expected",
    [
        (ANONYMOUS, (200, 401, 401, 401)),
        (WEAK, (200, 200, 403, 403)),
        (CITIZEN, (200, 200, 403, 403)),
        (READER, (200, 200, 200, 403)),
        (KEEPER, (200, 200, 403, 200)),
        (SYSTEM, (200, 200, 200, 200)),
    ],
)
def test_only_who_is_declared_gets_in(
    db: Database, clock: Fake, caller: Caller, expected: tuple[int, ...]
) -> None:
    with asked(db, clock, access.Known(caller=caller)) as client:
        found = [client.get(f"/api/v1/zoo/{path}") for path in ("map", "me", "animals")]
        found.append(client.post("/api/v1/zoo/cages/bima"))
    assert tuple(answer.status_code for answer in found) == expected
    assert found[0].json() == {"by": caller.name}


def test_a_stranger_is_told_how_to_come_in(db: Database, clock: Fake) -> None:
    with asked(db, clock, access.Known()) as client:
        answer = client.get("/api/v1/zoo/animals")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "sign in" in answer.json()["detail"]


@pytest.mark.parametrize(
    "caller, cure", [(WEAK, "second factor"), (STRONG, "administrator"), (CITIZEN, "administrator")]
)
def test_what_lacks_is_named(db: Database, clock: Fake, caller: Caller, cure: str) -> None:
    with asked(db, clock, access.Known(caller=caller)) as client:
        (fault,) = client.get("/api/v1/zoo/animals").json()["errors"]
    assert (fault["field"], fault["value"]) == ("permission", "zoo.animals.read")
    assert cure in fault["reason"]


def test_a_unit_that_is_not_his_is_refused(db: Database, clock: Fake) -> None:
    with asked(db, clock, access.Known(caller=KEEPER)) as client:
        answer = client.post("/api/v1/zoo/cages/kota")
    assert answer.status_code == 403
    assert "kota" in answer.json()["errors"][0]["reason"]


def test_who_cannot_be_known_still_sees_what_is_everyones(db: Database, clock: Fake) -> None:
    known = access.Known(trouble=Refused("key", "imm_x", "it has ended"))
    with asked(db, clock, known) as client:
        assert client.get("/api/v1/zoo/map").status_code == 200
        assert client.get("/api/v1/zoo/me").status_code == 422
        assert client.get("/api/v1/zoo/animals").json()["errors"][0]["reason"] == "it has ended"


def test_he_is_looked_up_once_a_request(db: Database, clock: Fake) -> None:
    looked: list[str] = []

    async def resolve(request: Request) -> access.Known:
        looked.append(request.url.path)
        return access.Known(caller=READER)

    made = Contribution(name="zoo", routers=(zoo(),))
    app = create_app([made], db=db, clock=clock, checks=CHECKS, hosts=("testserver",), resolve=resolve)
    client = TestClient(app)
    client.get("/api/v1/zoo/me")
    client.get("/static/000000000000/web/base.css")
    assert looked == ["/api/v1/zoo/me"]


@pytest.mark.parametrize(
    "dependencies, found",
    [
        ([], "nothing"),
        ([access.public(), access.signed_in()], "public and signed-in"),
        ([access.needs("zoo.animals.read")] * 2, "zoo.animals.read and zoo.animals.read"),
    ],
)
def test_a_route_that_does_not_say_once_who_may_is_refused(
    db: Database, clock: Fake, dependencies: list[Any], found: str
) -> None:
    routes = APIRouter(dependencies=dependencies)
    routes.get("/api/v1/zoo/new")(nothing)
    with (
        pytest.raises(Undeclared, match=f"/api/v1/zoo/new .*{found}"),
        asked(db, clock, access.Known(), zoo(), routes),
    ):
        pass


def test_a_route_beside_the_routers_is_refused(db: Database, clock: Fake) -> None:
    routes = APIRouter()
    routes.add_route("/api/v1/zoo/raw", lambda _: Response())
    with pytest.raises(Undeclared, match="/api/v1/zoo/raw"), asked(db, clock, access.Known(), routes):
        pass


@pytest.mark.parametrize("text", ["", "zoo", "Zoo.animals.read", "zoo.*.read", "zoo.animals.read.all.of.it"])
def test_what_is_no_permission_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no permission"):
        access.needs(text)


def test_each_operation_tells_who_may(stage: Stage) -> None:
    told = [
        operation["x-access"]
        for path in stage.app().openapi()["paths"].values()
        for operation in path.values()
    ]
    assert {"public", "signed-in", "tangi.incidents.work", "console.series.read"} <= set(told)
