"""What is sent twice with one key is done once, over HTTP, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, File, Form, Request, UploadFile
from sqlalchemy import Connection, func, select
from starlette.responses import RedirectResponse, Response

import city.history
import city.idempotency.history
import city.privacy.history
from city import outbox
from city.db import Database
from city.idempotency import Idempotency
from city.identity.caller import Caller, Kind
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime import ids
from runtime.clock import Fake
from tests.fixtures.tables import ready
from web import access, forms, once
from web.contribution import Contribution
from web.health import Checks
from web.records import reply
from web.shell import create_app

HISTORIES = (city.history.HISTORY, city.privacy.history.HISTORY, city.idempotency.history.HISTORY)
KEY = {"idempotency-key": '"first"'}


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, HISTORIES)
    yield database
    database.close()


class Things:
    """Makes a thing by telling of it."""

    def __init__(self, clock: Fake) -> None:
        self.ids = ids.factory(clock)
        self.clock = clock

    def make(self, tx: Connection, name: str) -> Response:
        thing = self.ids()
        event = outbox.event(
            "thing.made", id=thing, source="/things", subject=thing, time=self.clock.now(), data=name
        )
        outbox.append(tx, event)
        if name == "bad":
            raise ValueError(name)
        return reply({"id": thing, "name": name}, status=201, headers={"Location": f"/api/things/{thing}"})


def routes(db: Database, things: Things) -> APIRouter:
    made = APIRouter(prefix="/api/things", dependencies=[access.public()])

    @made.post("")
    async def make(request: Request, once: once.Required) -> Response:
        name = (await request.json())["name"]
        return await once.within(lambda tx: things.make(tx, name))

    @made.post("/loose")
    async def loose(once: once.Honoured, name: Annotated[str, Form()]) -> Response:
        return await once.within(lambda tx: things.make(tx, name))

    @made.post("/page")
    async def page(once: once.Typed, typed: forms.Typed) -> Response:
        def work(tx: Connection) -> Response:
            thing = things.make(tx, typed.value("name"))
            return RedirectResponse(thing.headers["location"], status_code=303)

        return await once.within(work)

    @made.post("/files")
    async def take(once: once.Honoured, file: Annotated[UploadFile, File()]) -> Response:
        async def work() -> Response:
            name = (await file.read()).decode()
            with db.begin() as tx:
                return things.make(tx, name)

        return await once.around(work)

    return made


async def _by_header(request: Request) -> access.Known:
    name = request.headers.get("x-name", "sri")
    return access.Known(caller=Caller(kind=Kind.PERSON, id=name, name=name))


@pytest.fixture
async def http(db: Database, clock: Fake, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    keys = KeyFile(tmp_path / "keys.json", clock=clock)
    prepare(db, keys, clock)
    things = Things(clock)
    kept = Idempotency(db, clock=clock, ids=things.ids, vault=Vault(db, keys, clock=clock), keys=keys)
    app = create_app(
        [Contribution(name="things", routers=(routes(db, things),))],
        db=db,
        clock=clock,
        checks=Checks(live=tuple, ready=tuple, figures=bytes),
        hosts=("city.test",),
        resolve=_by_header,
        kept=kept,
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test", timeout=60) as client:
        yield client


def made(db: Database) -> int:
    with db.read() as tx:
        count: int = tx.execute(select(func.count()).select_from(outbox.tables.outbox)).scalar_one()
    return count


async def test_of_many_at_once_one_is_done_and_all_hear_of_it(http: httpx.AsyncClient, db: Database) -> None:
    async def send() -> httpx.Response:
        while True:
            answer = await http.post("/api/things", json={"name": "bangku"}, headers=KEY)
            if answer.status_code != 409:
                return answer
            assert answer.headers["retry-after"] == "1"
            await asyncio.sleep(0)

    answers = await asyncio.gather(*(send() for _ in range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum(once.AGAIN.lower() not in answer.headers for answer in answers) == 1
    assert made(db) == 1


async def test_a_key_belongs_to_one_request_of_one_caller(http: httpx.AsyncClient, db: Database) -> None:
    one = await http.post("/api/things", json={"name": "bangku"}, headers=KEY)
    other = await http.post("/api/things", json={"name": "lampu"}, headers=KEY)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    budi = await http.post("/api/things", json={"name": "bangku"}, headers=KEY | {"x-name": "budi"})
    assert (budi.status_code, budi.json()["id"] != one.json()["id"]) == (201, True)
    assert made(db) == 2


@pytest.mark.parametrize("headers, status", [({}, 400), ({"idempotency-key": 'a"b'}, 422)])
async def test_where_it_is_required_it_must_be_there(
    http: httpx.AsyncClient, db: Database, headers: dict[str, str], status: int
) -> None:
    answer = await http.post("/api/things", json={"name": "bangku"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, "Idempotency-Key")
    assert made(db) == 0


async def test_where_it_is_honoured_it_may_be_left_out(http: httpx.AsyncClient, db: Database) -> None:
    for headers, expected in (({}, 1), ({}, 2), (KEY, 3), (KEY, 3)):
        answer = await http.post("/api/things/loose", data={"name": "bangku"}, headers=headers)
        assert (answer.status_code, made(db)) == (201, expected)


async def test_a_form_that_is_sent_twice_leads_to_the_same(http: httpx.AsyncClient, db: Database) -> None:
    form = {"name": "bangku", "once": "0197a9c4"}
    answers = await asyncio.gather(*(http.post("/api/things/page", data=form) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert made(db) == 1
    await http.post("/api/things/page", data={"name": "bangku"})
    assert made(db) == 2


async def test_what_failed_was_not_done_and_may_be_tried_again(http: httpx.AsyncClient, db: Database) -> None:
    for path, body in (("", {"json": {"name": "bad"}}), ("/files", _file("bad"))):
        for _ in range(2):
            answer = await http.post(f"/api/things{path}", headers=KEY, **body)
            assert (answer.status_code, made(db)) == (500, 0)


async def test_a_file_is_known_by_what_is_in_it(http: httpx.AsyncClient, db: Database) -> None:
    answers = [await http.post("/api/things/files", headers=KEY, **_file(text)) for text in ("a", "a", "b")]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[1].headers[once.AGAIN] == "true"
    assert made(db) == 1


def _file(text: str) -> dict[str, Any]:
    return {"files": {"file": ("a.txt", text.encode())}}
