"""The API of presence on the whole application: lists, counts, one device and how it came and went."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM, Caller
from contracts.instants import SECOND
from contracts.presence import Presence, Reason, State
from devices.presence import records
from devices.presence.reader import Away, Book
from devices.registry.model import State as Life
from devices.roles import READ
from tests.devices.conftest import engineer, plan
from tests.fixtures.whole import Whole
from web import access

ALL = 1_000


@pytest.fixture(scope="module")
def api(whole: Whole) -> Iterator[TestClient]:
    parts = whole.parts
    now = parts.clock.now()

    def one(number: int, site: str, state: State, reason: Reason = Reason.NONE) -> Presence:
        return Presence(device=f"node-{number}", site=site, state=state, reason=reason, since=now, heard=now)

    found = [
        one(1, "utara", State.ONLINE),
        one(2, "utara", State.OFFLINE, Reason.LOST),
        one(3, "barat", State.LATE, Reason.SILENT),
        one(4, "barat", State.LATE, Reason.BACKLOG),
    ]
    with parts.db.begin() as tx:
        for number in range(1, 6):
            site = "utara" if number < 3 else "barat"
            unit = {"unit": ""}
            wish = plan(f"node-{number}", site=site, operator="Indosat" if number % 2 else "", **unit)
            parts.fleet.registry.add(tx, SYSTEM, wish, state=Life.ENROLLED)
        records.put(tx, found, lite=True)
        for age in range(5):
            records.note(tx, found[:1], now - age * SECOND)
    parts.roster.refresh()
    with TestClient(whole.app()) as client:
        yield client


def test_lists_go_by_site_and_device(api: TestClient) -> None:
    pages, cursor = [], ""
    while True:
        page = api.get("/api/v1/presence", params={"limit": 3, "cursor": cursor}).json()
        pages.append([one["device"] for one in page["items"]])
        cursor = page["next"]
        if not cursor:
            break
    assert pages == [["node-3", "node-4", "node-1"], ["node-2"]]
    late = api.get("/api/v1/presence", params={"state": "late", "site": "barat"}).json()["items"]
    assert [(one["device"], one["reason"]) for one in late] == [("node-3", "silent"), ("node-4", "backlog")]
    assert api.get("/api/v1/presence", params={"state": "asleep"}).status_code == 422


def test_counts_by_site_and_operator(api: TestClient) -> None:
    sites = {one["name"]: one for one in api.get("/api/v1/presence/counts").json()["items"]}
    assert (sites["utara"]["online"], sites["utara"]["offline"], sites["barat"]["late"]) == (1, 1, 2)
    operators = api.get("/api/v1/presence/counts", params={"by": "operator"}).json()["items"]
    assert [(one["name"], one["online"], one["offline"], one["late"]) for one in operators] == [
        ("", 0, 1, 1),
        ("Indosat", 1, 0, 1),
    ]


def test_one_device_and_its_past(api: TestClient) -> None:
    assert api.get("/api/v1/devices/node-2/presence").json()["reason"] == "lost"
    assert api.get("/api/v1/devices/node-5/presence").json()["state"] == "never"
    assert api.get("/api/v1/devices/nowhere/presence").status_code == 404
    first = api.get("/api/v1/devices/node-1/presence/changes", params={"limit": 3}).json()
    rest = api.get("/api/v1/devices/node-1/presence/changes", params={"cursor": first["next"]}).json()
    ids = [one["id"] for one in first["items"] + rest["items"]]
    assert (len(ids), ids) == (5, sorted(ids, reverse=True))
    assert rest["next"] is None


def test_a_unit_sees_its_own(api: TestClient, whole: Whole) -> None:
    async def known(_: object) -> access.Known:
        return access.Known(caller=stranger)

    stranger: Caller = engineer("indosat", READ)
    with TestClient(whole.app(known)) as other:
        assert other.get("/api/v1/presence").json()["items"] == []
        assert other.get("/api/v1/presence/counts").json()["items"] == []
        assert other.get("/api/v1/devices/node-1/presence").status_code == 403


async def test_who_is_away_is_known_from_memory(api: TestClient, whole: Whole) -> None:
    away = Away(whole.parts.db)
    assert away() == frozenset()
    assert away._look() == {"node-2", "node-3"}
    book = Book(whole.parts.db)
    assert [one.device for one in book.list(site="utara", state=State.ONLINE)] == ["node-1"]
    assert book.get("nowhere") is None
