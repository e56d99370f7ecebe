"""The API of silences, in the web shell that serves it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry

from alerts import wiring
from alerts.routes import READ, WORK
from city.identity.caller import Caller, Kind
from contracts import instants
from contracts.instants import HOUR
from runtime.metrics import exposition
from tests.alerts.quiet.test_quiet import plan as planned
from tests.alerts.room import SITI, Room
from web import access
from web.health import Checks
from web.shell import create_app

ROOT = "/api/v1/silences"
MATCHERS = [{"name": "device", "op": "=~", "value": "kiosk-.*"}]


async def siti(_: Request) -> access.Known:
    reach: dict[str, frozenset[str] | None] = {READ: None, WORK: None}
    return access.Known(caller=Caller(kind=Kind.PERSON, id="siti", name="Siti", strong=True, reach=reach))


@pytest.fixture
async def web(small: Room) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        [wiring.contribution(small.alerts)],
        db=small.db,
        clock=small.clock,
        checks=Checks(live=lambda: (), ready=lambda: (), figures=lambda: exposition(CollectorRegistry())),
        hosts=("city.test",),
        resolve=siti,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://city.test") as client:
        yield client


async def test_from_preview_to_its_end(web: httpx.AsyncClient, small: Room) -> None:
    small.fire("kiosk-1", "wifi-1")
    wish: dict[str, Any] = {
        "matchers": MATCHERS,
        "ends": instants.to_rfc3339(small.clock.now() + HOUR),
        "reason": "PLN padam",
    }
    seen = (await web.post(f"{ROOT}/preview", json=wish)).json()
    assert (seen["count"], [one["device"] for one in seen["alerts"]]) == (1, ["kiosk-1"])
    plan = small.silences
    assert plan.page() == []
    with small.db.begin() as tx:
        made = plan.add(tx, SITI, planned(small))
    listed = (await web.get(ROOT, params={"state": "active"})).json()
    assert [one["id"] for one in listed["items"]] == [made.id]
    assert (await web.get(ROOT, params={"state": "expired"})).json()["items"] == []
    one = await web.get(f"{ROOT}/{made.id}")
    assert (one.json()["state"], one.headers["etag"]) == ("active", '"1"')
    longer = wish | {"matchers": [{"name": "site", "value": "bima"}]}
    assert (await web.put(f"{ROOT}/{made.id}", json=longer, headers={"If-Match": '"7"'})).status_code == 412
    changed = await web.put(f"{ROOT}/{made.id}", json=longer, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    over = await web.post(f"{ROOT}/{made.id}/end", json={"reason": "menyala"}, headers={"If-Match": '"2"'})
    assert (over.json()["state"], over.json()["ended_by"]) == ("expired", "Siti")
    again = await web.post(f"{ROOT}/{made.id}/end", json={}, headers={"If-Match": "*"})
    assert again.status_code == 409
    assert (await web.get(f"{ROOT}/none")).status_code == 404


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"matchers": [{"name": "device", "op": "=~", "value": "("}]}, "matchers[0].value"),
        ({"ends": "2020-01-01T00:00:00+07:00"}, "ends"),
        ({"ends": "tomorrow"}, "ends"),
    ],
)
async def test_what_cannot_be_kept_names_its_field(
    web: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    wish = {"matchers": MATCHERS, "reason": "x"} | changes
    answer = await web.post(f"{ROOT}/preview", json=wish)
    assert answer.status_code == 422
    assert field in answer.text
