"""Apps come by API key or by a token for it; what they may is the key's, and so is how often."""

import base64

import pytest
from fastapi.testclient import TestClient

from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.keys import Made
from tests.web.account.conftest import READ, WORK, House


@pytest.fixture
def client(house: House) -> TestClient:
    return TestClient(house.app, base_url="http://localhost:8600")


def key(house: House, *scopes: str, role: str = "reader", **options: int) -> Made:
    """A key of a new app."""
    app = house.identity.apps.add(SYSTEM, name="Peta kota")
    house.identity.grants.give(SYSTEM, app.id, Grant(role=role, programme="tangi", unit=EVERYWHERE))
    return house.identity.apps.make_key(SYSTEM, app.id, label="uji", scopes=scopes or (READ,), **options)


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def token(client: TestClient, made: Made, **form: str) -> dict[str, str]:
    asked = {"grant_type": "client_credentials", "client_id": made.key.app, "client_secret": made.secret}
    answer = client.post("/api/v1/oauth/token", data=asked | form)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, str] = answer.json()
    return found


def test_a_key_opens_what_it_is_for(house: House, client: TestClient) -> None:
    made = key(house)
    assert client.get("/api/v1/desk").status_code == 401
    assert client.get("/api/v1/desk", headers=bearer(made.secret)).json() == {"by": "Peta kota"}
    answer = client.post("/meja", headers=bearer(made.secret))
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["value"] == WORK
    house.identity.apps.revoke(SYSTEM, made.key.id)
    assert client.get("/api/v1/desk", headers=bearer(made.secret)).status_code == 401


def test_me_says_who_asks(house: House, client: TestClient) -> None:
    made = key(house)
    me = client.get("/api/v1/me", headers=bearer(made.secret)).json()
    assert (me["kind"], me["name"], me["strong"]) == ("app", "Peta kota", True)
    assert me["permissions"] == {READ: None}
    assert client.get("/api/v1/me/sessions", headers=bearer(made.secret)).json() == []
    assert made.secret not in str(me)


@pytest.mark.parametrize(
    "said", ["Bearer nothing", "Bearer imk_aaaaaaaaaa_x", "Basic eDp5", "Bearer ", "x" * 5_000]
)
def test_what_opens_nothing_is_told(client: TestClient, said: str) -> None:
    answer = client.get("/api/v1/desk", headers={"authorization": said})
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["www-authenticate"]
    assert client.get("/healthz", headers={"authorization": said}).status_code == 200


def test_a_token_stands_for_a_key(house: House, client: TestClient) -> None:
    made = key(house, READ, WORK, role="officer")
    issued = token(client, made, scope=WORK)
    assert (issued["token_type"], issued["scope"]) == ("Bearer", WORK)
    assert client.post("/meja", headers=bearer(issued["access_token"])).text == "done by Peta kota"
    assert client.get("/api/v1/desk", headers=bearer(issued["access_token"])).status_code == 403
    basic = base64.b64encode(f"{made.key.app}:{made.secret}".encode()).decode()
    answer = client.post(
        "/api/v1/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {basic}"},
    )
    assert answer.json()["scope"] == f"{READ} {WORK}"
    house.clock.advance(3_601)
    assert client.post("/meja", headers=bearer(issued["access_token"])).status_code == 401


@pytest.mark.parametrize(
    "form, status, error",
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "imk_wrong"}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"scope": "identity.people.manage"}, 400, "invalid_scope"),
    ],
)
def test_refusals_as_the_standard_has_them(
    house: House, client: TestClient, form: dict[str, str], status: int, error: str
) -> None:
    made = key(house)
    asked = {"grant_type": "client_credentials", "client_id": made.key.app, "client_secret": made.secret}
    answer = client.post("/api/v1/oauth/token", data=asked | form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert made.secret not in answer.text


def test_a_key_that_asks_too_often_waits(house: House, client: TestClient) -> None:
    made = key(house, per_minute=3)
    answers = [client.get("/api/v1/desk", headers=bearer(made.secret)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    house.clock.advance(60)
    assert client.get("/api/v1/desk", headers=bearer(made.secret)).status_code == 200


def test_a_person_asks_the_api_by_his_session(house: House, client: TestClient) -> None:
    sri = house.somebody("sri", "tangi/reader")
    browser = house.browser()
    browser.enter(sri)
    browser.headers["accept"] = "application/json"
    assert browser.get("/api/v1/desk").json() == {"by": "Sri"}
    sessions = browser.get("/api/v1/me/sessions").json()
    assert [one["method"] for one in sessions] == ["password", "link"]
    assert browser.delete(f"/api/v1/me/sessions/{sessions[0]['id']}").status_code == 204
    answer = browser.get("/api/v1/desk")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
