"""The API of CAP, in the web shell that serves it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from lxml import etree
from prometheus_client import CollectorRegistry

from alerts.cap import tables, wiring
from alerts.cap.said import Said
from alerts.cap.settings import Settings
from alerts.commit import commit
from alerts.routes import READ
from alerts.tables import HISTORY
from city import history
from city.db import Database
from city.geography import Areas
from city.geography import history as geography
from city.identity.caller import Caller
from city.identity.caller import Kind as Who
from city.outbox import Relay
from contracts import cap
from contracts.cap import Kind
from runtime.clock import Fake, System
from runtime.ids import Factory
from runtime.metrics import exposition
from tests.alerts.conftest import Make
from tests.alerts.stage import FAST, until
from tests.alerts.test_commit import good
from tests.fixtures.tables import ready
from web import access
from web.health import Checks
from web.shell import create_app

ATOM = "{http://www.w3.org/2005/Atom}"


async def app(_: Request) -> access.Known:
    """Whoever asks is an app that may read alerts."""
    return access.Known(caller=Caller(kind=Who.APP, id="map", name="Map", strong=True, reach={READ: None}))


@pytest.fixture
async def web(tmp_path: Path, clock: Fake) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    """A client, and the database, of which a real relay takes the events."""
    histories = [history.HISTORY, geography.HISTORY, HISTORY, tables.HISTORY]
    db = ready(f"sqlite:///{tmp_path / 'city.sqlite'}", histories)
    wired = wiring.wire(db, Areas.load(), clock=clock, settings=Settings(), address="http://city.test")
    shell = create_app(
        [wired.contribution],
        db=db,
        clock=clock,
        checks=Checks(live=lambda: (), ready=lambda: (), figures=lambda: exposition(CollectorRegistry())),
        hosts=("city.test",),
        resolve=app,
    )
    relay = Relay(db, System(), wired.contribution.handlers, beside=[wired.beside], settings=FAST)
    task = asyncio.create_task(relay.run())
    transport = httpx.ASGITransport(shell)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        yield client, db
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    db.close()


async def test_a_hub_follows_the_feed(
    web: tuple[httpx.AsyncClient, Database], clock: Fake, ids: Factory, make: Make
) -> None:
    client, db = web
    for device in ("a", "b", "c"):
        raised = make(labels={"device": device}, id=device)
        commit(db, [good(raised)], now=clock.now(), ids=ids)
    said = Said(db)
    await until(lambda: len(said.live()) == 3)
    found: list[str] = []
    address = "/api/v1/cap?limit=2"
    while address:
        answer = await client.get(address)
        assert answer.headers["content-type"] == "application/atom+xml"
        feed = etree.fromstring(answer.content)
        links = [one.find(f"{ATOM}link").attrib for one in feed.findall(f"{ATOM}entry")]
        assert {link["type"] for link in links} == {cap.CONTENT_TYPE}
        found.extend(link["href"] for link in links)
        (address,) = [one.get("href") for one in feed.findall(f"{ATOM}link") if one.get("rel") == "next"] or [
            ""
        ]
    assert len(found) == 3
    for place in found:
        answer = await client.get(place)
        assert answer.headers["content-type"] == "application/cap+xml"
        message = cap.decode(answer.content)
        assert message.kind is Kind.ALERT
        alert = message.identifier.rpartition(".")[0]
        newest = await client.get(f"/api/v1/alerts/{alert}/cap")
        assert newest.content == answer.content


async def test_a_feed_that_has_not_changed_is_not_sent_again(
    web: tuple[httpx.AsyncClient, Database], clock: Fake, ids: Factory, make: Make
) -> None:
    client, db = web
    tag = (await client.get("/api/v1/cap")).headers["etag"]
    assert (await client.get("/api/v1/cap", headers={"If-None-Match": tag})).status_code == 304
    commit(db, [good(make())], now=clock.now(), ids=ids)
    await until(lambda: bool(Said(db).live()))
    assert (await client.get("/api/v1/cap", headers={"If-None-Match": tag})).status_code == 200


async def test_what_nobody_said_is_not_there(web: tuple[httpx.AsyncClient, Database]) -> None:
    client, _ = web
    for path in ("/api/v1/cap/none.1", "/api/v1/alerts/none/cap"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/v1/cap?cursor=x")).status_code == 422
