"""Webhooks and dead letters by the API."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fastapi import Request
from fastapi.testclient import TestClient

import city.idempotency.history
from city.audit import Filters, Trail, page
from city.db import upgrade
from city.idempotency import Idempotency
from city.identity.caller import Caller, Kind
from city.outbox import letters as kept
from city.outbox.letters import Letter
from city.webhooks.model import consumer
from city.webhooks.service import MANAGE, OWN
from tests.city.webhooks.stage import APP, Stage
from web import access, letters, webhooks
from web.health import Checks
from web.shell import create_app

URL = "https://apps.example.org/hook"
OPERATOR = Caller(
    kind=Kind.PERSON,
    id="boss",
    name="Sri",
    strong=True,
    reach=dict.fromkeys([letters.READ, letters.REPLAY, OWN, MANAGE]),
)
ONCE = {"idempotency-key": '"first"'}


class Door:
    """Lets in whomever the test says."""

    def __init__(self) -> None:
        self.caller = APP

    async def __call__(self, _request: Request) -> access.Known:
        return access.Known(caller=self.caller)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", tmp_path / "keys.json")
    upgrade(made.db, [city.idempotency.history.HISTORY])
    yield made
    made.db.close()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def client(stage: Stage, door: Door) -> Iterator[TestClient]:
    service = Idempotency(
        stage.db, clock=stage.clock, ids=stage.ids, vault=stage.vault, keys=stage.vault.keys
    )
    app = create_app(
        [
            webhooks.contribution(stage.webhooks, stage.db, vault=stage.vault),
            letters.contribution(stage.db, clock=stage.clock, trail=Trail(clock=stage.clock)),
        ],
        db=stage.db,
        clock=stage.clock,
        checks=Checks(live=tuple, ready=tuple, figures=bytes),
        hosts=("testserver",),
        resolve=door,
        kept=service,
    )
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def park(stage: Stage, name: str, *positions: int) -> None:
    with stage.db.begin() as tx:
        for position in positions:
            kept.park(tx, msgspec.structs.replace(LETTER, consumer=name, position=position))


LETTER = Letter(
    consumer="", position=0, type="thing.made", subject="x", event="{}", attempts=5, error="no", parked=1
)


def test_a_subscription_from_its_making_to_its_end(client: TestClient) -> None:
    answer = client.post("/api/v1/webhooks", json={"url": URL, "title": "Peta"}, headers=ONCE)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    again = client.post("/api/v1/webhooks", json={"url": URL, "title": "Peta"}, headers=ONCE)
    assert (again.json(), again.headers["idempotency-replayed"]) == (made, "true")
    path = f"/api/v1/webhooks/{made['subscription']['id']}"
    (listed,) = client.get("/api/v1/webhooks").json()["items"]
    assert listed == client.get(path).json()
    assert "secret" not in str(listed)
    seen = {"if-match": '"1"'}
    assert client.patch(path, json={"parallel": 1}, headers=seen).json()["parallel"] == 1
    assert client.patch(path, json={"parallel": 2}, headers=seen).status_code == 412
    assert client.post(f"{path}/pause", json={"reason": "Pindah"}).json()["state"] == "paused"
    assert client.post(f"{path}/activate").json()["state"] == "active"
    assert client.post(f"{path}/rewind", json={"after": 0}).status_code == 200
    turned = client.post(f"{path}/rotate", json={"overlap": 60}, headers={"idempotency-key": "second"})
    assert turned.json()["secret"] != made["secret"]
    assert client.post(f"{path}/test").json()["event"]
    assert client.delete(path, headers={"if-match": "*"}).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 422),
        ({"url": "https://10.0.0.1/"}, 422),
        ({"url": URL, "types": ["other.made"]}, 422),
        ({"url": URL, "after": -1}, 422),
        ({"url": URL, "after": 2**70}, 422),
        ({"url": URL, "parallel": 99}, 422),
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, body: dict[str, object], status: int) -> None:
    assert client.post("/api/v1/webhooks", json=body, headers=ONCE).status_code == status


def test_pages_follow_each_other(client: TestClient, stage: Stage) -> None:
    made = [stage.add(URL)[0].id for _ in range(3)]
    first = client.get("/api/v1/webhooks?limit=2").json()
    rest = client.get("/api/v1/webhooks", params={"cursor": first["next"]}).json()
    assert [one["subscription"]["id"] for one in first["items"] + rest["items"]] == made


def test_each_sees_his_own_and_operators_all(client: TestClient, stage: Stage, door: Door) -> None:
    mine, _ = stage.add(URL)
    door.caller = msgspec.structs.replace(APP, id="app-2")
    assert client.get(f"/api/v1/webhooks/{mine.id}").status_code == 404
    assert client.get("/api/v1/webhooks?all=true").json()["items"] == []
    door.caller = OPERATOR
    assert client.get("/api/v1/webhooks").json()["items"] == []
    assert len(client.get("/api/v1/webhooks?all=true").json()["items"]) == 1
    door.caller = msgspec.structs.replace(APP, reach={})
    assert client.get("/api/v1/webhooks").status_code == 403


def test_owners_look_at_their_letters_and_have_them_sent_again(client: TestClient, stage: Stage) -> None:
    mine, _ = stage.add(URL)
    park(stage, consumer(mine.id), 3, 5)
    path = f"/api/v1/webhooks/{mine.id}"
    page_ = client.get(f"{path}/letters?limit=1").json()
    rest = client.get(f"{path}/letters", params={"cursor": page_["next"]}).json()
    assert [one["position"] for one in page_["items"] + rest["items"]] == [3, 5]
    assert client.get(path).json()["letters"] == 2
    assert client.post(f"{path}/replay", json={"since": 4}).json() == {"letters": 1}
    assert client.post(f"{path}/replay").json() == {"letters": 2}


def test_operators_look_at_all_letters_and_have_them_taken_again(
    client: TestClient, stage: Stage, door: Door
) -> None:
    park(stage, "tangi.alerts", 3, 5)
    park(stage, "notices.sms", 1)
    assert client.get("/api/v1/outbox/letters").status_code == 403
    door.caller = OPERATOR
    found = client.get("/api/v1/outbox/letters").json()["items"]
    assert [(one["consumer"], one["position"]) for one in found] == [
        ("tangi.alerts", 3),
        ("tangi.alerts", 5),
        ("notices.sms", 1),
    ]
    assert client.get(f"/api/v1/outbox/letters/{found[0]['id']}").json() == found[0]
    consumers = client.get("/api/v1/outbox/consumers").json()
    assert [(one["name"], one["letters"]) for one in consumers] == [("notices.sms", 1), ("tangi.alerts", 2)]
    again = "/api/v1/outbox/letters/replay"
    assert client.post(again, json={"consumer": "tangi.alerts", "since": 4}).json() == {"letters": 1}
    assert client.post(again, json={"ids": [found[0]["id"]]}).json() == {"letters": 1}
    assert client.post(again, json={"ids": [99]}).status_code == 404
    for wrong in ({}, {"ids": [1], "consumer": "x"}, {"ids": [2**70]}, {"ids": [0]}):
        assert client.post(again, json=wrong).status_code == 422
    assert client.post("/api/v1/outbox/letters/drop", json={"ids": [found[2]["id"]]}).json() == {"letters": 1}
    assert client.get(f"/api/v1/outbox/letters/{found[2]['id']}").status_code == 404
    with stage.db.read() as tx:
        noted = [(one.action, one.record) for one in page(tx, Filters(kind="outbox.letter"))]
    assert noted[::-1] == [("replayed", "tangi.alerts"), ("replayed", "1"), ("dropped", "3")]


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "W10"])
def test_a_cursor_that_is_none_is_refused(client: TestClient, door: Door, cursor: str) -> None:
    door.caller = OPERATOR
    for path in ("webhooks", "outbox/letters"):
        assert client.get(f"/api/v1/{path}", params={"cursor": cursor}).status_code in {200, 422}
    huge = "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ"  # [10**25]
    assert client.get("/api/v1/outbox/letters", params={"cursor": huge}).status_code in {200, 422}
