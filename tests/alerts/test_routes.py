"""The API of alerts, in the web shell that serves it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry

from alerts.commit import commit
from alerts.desk import Desk, Filters
from alerts.routes import READ, WORK, contribution
from city.db import Database
from city.identity.caller import Caller, Kind
from contracts import instants
from contracts.instants import HOUR
from contracts.judgements import Severity, Verdict
from runtime.clock import Fake
from runtime.ids import Factory
from runtime.metrics import exposition
from tests.alerts.conftest import Make
from tests.alerts.test_commit import good
from web import access
from web.health import Checks
from web.shell import create_app

ROOT = "/api/v1/alerts"


async def siti(_: Request) -> access.Known:
    """Whoever asks is Siti, who may everything with alerts."""
    reach: dict[str, frozenset[str] | None] = {READ: None, WORK: None}
    return access.Known(caller=Caller(kind=Kind.PERSON, id="siti", name="Siti", strong=True, reach=reach))


@pytest.fixture
async def web(lite: Database, clock: Fake, ids: Factory) -> AsyncIterator[httpx.AsyncClient]:
    registry = CollectorRegistry()
    app = create_app(
        [contribution(Desk(lite, clock=clock, ids=ids))],
        db=lite,
        clock=clock,
        checks=Checks(live=lambda: (), ready=lambda: (), figures=lambda: exposition(registry)),
        hosts=("city.test",),
        resolve=siti,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        yield client


@pytest.fixture
def alerts(lite: Database, clock: Fake, ids: Factory, make: Make) -> list[str]:
    """Ids of three alerts, oldest first; the first has resolved."""
    for number in range(3):
        labels = {"device": f"d{number}"}
        severity = Severity.SEVERE if number == 1 else Severity.MINOR
        raised = make(labels=labels, device=f"d{number}", severity=severity)
        commit(lite, [good(raised)], now=clock.now(), ids=ids)
    commit(lite, [good(make(Verdict.CLEARED, 1, labels={"device": "d0"}))], now=clock.now(), ids=ids)
    commit(lite, [good(make(probe=True, id="p"))], now=clock.now(), ids=ids)
    return [alert.id for alert in reversed(Desk(lite, clock=clock, ids=ids).page(Filters()))]


async def test_the_list_goes_on_page_by_page(web: httpx.AsyncClient, alerts: list[str]) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        page = (await web.get(ROOT, params={"limit": 2, "cursor": cursor})).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert found == alerts[::-1]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("state=firing", [2, 1]),
        ("state=resolved", [0]),
        ("state=firing&state=resolved&severity=minor", [2, 0]),
        ("device=d1&site=bima&rule=hot", [1]),
        ("site=elsewhere", []),
        ("since=2001-01-01T00:00:00Z", [2, 1, 0]),
        ("since=2101-01-01T00:00:00%2B07:00", []),
    ],
)
async def test_the_list_is_filtered(
    web: httpx.AsyncClient, alerts: list[str], query: str, expected: list[int]
) -> None:
    items = (await web.get(f"{ROOT}?{query}")).json()["items"]
    assert [item["id"] for item in items] == [alerts[index] for index in expected]


async def test_one_with_its_history(web: httpx.AsyncClient, alerts: list[str]) -> None:
    told = (await web.get(f"{ROOT}/{alerts[0]}")).json()
    assert told["alert"]["state"] == "resolved"
    assert [entry["outcome"] for entry in told["history"]] == ["fired", "resolved"]


async def test_people_act(web: httpx.AsyncClient, alerts: list[str], clock: Fake) -> None:
    headers = {"If-Match": "*"}
    done = await web.post(f"{ROOT}/{alerts[1]}/acknowledge", json={"note": "saya"}, headers=headers)
    assert done.json()["acknowledged_by"] == "Siti"
    until = clock.now() + HOUR
    body = {"until": instants.to_rfc3339(until), "reason": "teknisi di lokasi"}
    done = await web.post(f"{ROOT}/{alerts[1]}/silence", json=body, headers=headers)
    assert done.json()["silenced_until"] == until
    assert done.json()["revision"] == 3


async def test_who_changes_an_alert_says_what_he_has_seen(web: httpx.AsyncClient, alerts: list[str]) -> None:
    one = f"{ROOT}/{alerts[1]}"
    seen = {"if-match": (await web.get(one)).headers["etag"]}
    assert (await web.post(f"{one}/acknowledge", json={})).status_code == 428
    done = await web.post(f"{one}/acknowledge", json={}, headers=seen)
    assert done.status_code == 200
    late = await web.post(f"{one}/acknowledge", json={}, headers=seen)
    assert (late.status_code, late.headers["etag"]) == (412, done.headers["etag"])


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("GET", "/nowhere", None, 404),
        ("POST", "/nowhere/acknowledge", {}, 404),
        ("GET", "?state=burning", None, 422),
        ("GET", "?cursor=abc", None, 422),
        ("GET", "?since=yesterday", None, 422),
        ("POST", "/{1}/silence", {"until": "tomorrow", "reason": "x"}, 422),
        ("POST", "/{1}/silence", {"until": "2001-01-01T00:00:00Z", "reason": "x"}, 422),
        ("POST", "/{1}/silence", {"until": "2001-01-01T00:00:00Z"}, 422),
        ("POST", "/{0}/silence", {"until": "SOON", "reason": "x"}, 409),
    ],
)
async def test_wrong_requests_are_told_what_is_wrong(
    web: httpx.AsyncClient, alerts: list[str], clock: Fake, method: str, path: str, body: Any, status: int
) -> None:
    if body and body.get("until") == "SOON":
        body = body | {"until": instants.to_rfc3339(clock.now() + HOUR)}
    answer = await web.request(method, ROOT + path.format(*alerts), json=body, headers={"if-match": "*"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    (error, *_) = answer.json()["errors"]
    assert error["field"]
    assert error["reason"]
