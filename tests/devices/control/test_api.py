"""Commands, shadows and rollouts as the API's clients meet them: once, as was seen, refused by name."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from fastapi.testclient import TestClient

_KEYS = itertools.count(1)


def post(client: TestClient, path: str, body: dict[str, Any], *, key: str = "", **headers: str) -> Any:
    told = {"idempotency-key": key or f"key-{next(_KEYS)}", **headers}
    return client.post(f"/api/v1{path}", json=body, headers=told)


ORDER = {"type": "set-volume", "arguments": {"percent": 30}, "why": "prayer time"}


def test_a_command_is_issued_once_and_shown(client: TestClient) -> None:
    first = post(client, "/devices/kiosk-0/commands", ORDER, key="twice")
    again = post(client, "/devices/kiosk-0/commands", ORDER, key="twice")
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    told = client.get(f"/api/v1/commands/{first.json()['id']}").json()
    assert (told["state"], [line["state"] for line in told["history"]]) == ("queued", ["queued"])
    listed = client.get("/api/v1/devices/kiosk-0/commands?state=queued").json()["items"]
    assert [one["id"] for one in listed] == [told["id"]]


@pytest.mark.parametrize(
    "path,body,status,field",
    [
        ("/devices/ghost/commands", ORDER, 404, "device"),
        ("/devices/kiosk-0/commands", {**ORDER, "arguments": {"percent": 101}}, 422, "arguments"),
        ("/devices/kiosk-0/commands", {**ORDER, "type": "explode"}, 422, "type"),
        ("/devices/kiosk-0/commands", {**ORDER, "why": ""}, 422, "why"),
        ("/devices/kiosk-0/commands", {**ORDER, "seconds": 1}, 422, "seconds"),
        ("/commands", {**ORDER, "whom": {}}, 422, "selector"),
        ("/rollouts", {"whom": {"site": "api"}, "values": {}, "title": "x", "why": "x"}, 422, "patch"),
        (
            "/rollouts",
            {"whom": {"site": "api"}, "values": {"volume": 300}, "title": "x", "why": "x"},
            422,
            "volume",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    client: TestClient, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    answer = post(client, path, body)
    assert answer.status_code == status, answer.text
    assert field in answer.text


def test_a_command_to_many_is_previewed_and_followed(client: TestClient) -> None:
    whom = {"site": "api", "kind": "kiosk"}
    seen = client.post("/api/v1/commands/preview", json={"type": "set-volume", "whom": whom}).json()
    assert seen["devices"] == ["kiosk-0", "kiosk-1", "kiosk-2"]
    made = post(client, "/commands", {**ORDER, "whom": whom}).json()
    assert client.get(f"/api/v1/commands/bulks/{made['id']}").json() == made
    assert made["states"] == {"queued": 3}


def test_what_has_not_left_is_taken_back(client: TestClient) -> None:
    one = post(client, "/devices/kiosk-0/commands", ORDER)
    path = f"/api/v1/commands/{one.json()['id']}/withdraw"
    assert client.post(path, json={"why": "salah"}).status_code == 428
    taken = client.post(path, json={"why": "salah"}, headers={"if-match": one.headers["etag"]})
    assert (taken.status_code, taken.json()["state"], taken.headers["etag"]) == (200, "withdrawn", '"2"')
    again = client.post(path, json={"why": "salah"}, headers={"if-match": "*"})
    assert (again.status_code, "queued" in again.json()["detail"]) == (409, True)
    page = client.get("/kendali/kiosk-0", headers={"accept": "text/html"}).text
    assert "Ditarik kembali" in page
    many = post(client, "/commands", {**ORDER, "whom": {"site": "api", "kind": "kiosk"}}).json()
    path = f"/api/v1/commands/bulks/{many['id']}/withdraw"
    for _ in range(2):
        found = client.post(path, json={"why": "salah"})
        assert (found.status_code, found.json()["states"]) == (200, {"withdrawn": 3})


def test_a_shadow_changes_for_who_has_seen_it(client: TestClient) -> None:
    path = "/api/v1/devices/kiosk-1/shadow"
    assert client.get(path).headers["etag"] == '"0"'
    body = {"values": {"volume": 20}, "why": "quiet hours"}
    changed = client.patch(path, json=body, headers={"if-match": '"0"'})
    assert (changed.status_code, changed.json()["differences"][0]["reason"]) == (200, "unseen")
    assert client.patch(path, json=body, headers={"if-match": '"0"'}).status_code == 412
    assert client.patch(path, json=body).status_code == 428
    client.patch(path, json={"values": {"volume": None, "period": 5}, "why": "x"}, headers={"if-match": "*"})
    diff = client.get(f"{path}/diff?before=1&after=2").json()
    assert [(one["key"], one["before"], one["after"]) for one in diff] == [
        ("period", None, 5.0),
        ("volume", 20, None),
    ]
    back = client.post(f"{path}/restore", json={"version": 1, "why": "x"}, headers={"if-match": '"2"'})
    assert back.json()["values"] == {"volume": 20}
    assert [one["version"] for one in client.get(f"{path}/history").json()["items"]] == [3, 2, 1]
    unsettled = client.get("/api/v1/shadows?settled=false").json()["items"]
    assert "kiosk-1" in {one["device"] for one in unsettled}
    assert "volume" in {one["name"] for one in client.get("/api/v1/shadows/keys/kiosk").json()}


def test_a_rollout_is_previewed_begun_once_and_in_a_persons_hand(client: TestClient) -> None:
    trial = {"whom": {"site": "api"}, "values": {"brightness": 40}}
    preview = client.post("/api/v1/rollouts/preview", json=trial).json()
    assert (preview["total"], preview["stages"]) == (3, [1, 1, 3])
    body = {**trial, "title": "Redup", "why": "malam"}
    made = post(client, "/rollouts", body, key="begin")
    assert post(client, "/rollouts", body, key="begin").json() == made.json()
    assert post(client, "/rollouts", body).status_code == 409  # its devices are part of it
    path = f"/api/v1/rollouts/{made.json()['id']}"
    tag = made.headers["etag"]
    paused = client.post(f"{path}/pause", json={"why": "hujan"}, headers={"if-match": tag})
    assert (paused.json()["state"], paused.json()["steps"]) == ("paused", ["resume", "abort", "leave"])
    assert client.post(f"{path}/resume", json={"why": "x"}, headers={"if-match": tag}).status_code == 412
    assert client.post(f"{path}/pause", json={"why": "x"}, headers={"if-match": "*"}).status_code == 409
    assert (
        client.post(f"{path}/leave", json={"why": "x"}, headers={"if-match": "*"}).json()["state"]
        == "aborted"
    )
    assert len(client.get(f"{path}/devices").json()["items"]) == 3
    assert client.get("/api/v1/rollouts?active=false").json()["items"][0]["id"] == made.json()["id"]
