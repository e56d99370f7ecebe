"""People, units, roles and keys by the API: what each admin may, and what is done twice or too late."""

import re

import pytest

from city.identity.caller import SYSTEM
from tests.web.admin.conftest import Browser, Hall, key


def invited(api: Browser, login: str = "budi", **fields: str) -> dict[str, str]:
    answer = api.post("/api/v1/people", json={"name": "Budi", "login": login, **fields}, headers=key())
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = {**answer.json()["person"], "link": answer.json()["link"]}
    return found


def test_an_invitation_lets_in_once(hall: Hall, api: Browser) -> None:
    person = invited(api, unit="dishub")
    assert person["state"] == "invited"
    token = re.fullmatch(r"http://localhost:8600/link/([\w-]+)", person["link"])
    assert token
    assert Browser(hall.app).post(f"/link/{token[1]}").headers["location"] == "/akun/mulai"
    assert Browser(hall.app).post(f"/link/{token[1]}").status_code == 404


def test_the_same_invitation_sent_twice_is_one(api: Browser) -> None:
    name, body = key(), {"name": "Budi", "login": "budi"}
    first = api.post("/api/v1/people", json=body, headers=name)
    again = api.post("/api/v1/people", json=body, headers=name)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert api.post("/api/v1/people", json=body, headers=key()).status_code == 409
    assert api.post("/api/v1/people", json=body).status_code == 400


def test_an_admin_of_a_unit_sees_and_changes_his_own_alone(
    hall: Hall, api: Browser, of_dishub: Browser
) -> None:
    mine, other = invited(api, "budi", unit="terminal"), invited(api, "dewi", unit="damkar")
    found = of_dishub.get("/api/v1/people").json()["items"]
    assert {one["login"] for one in found} == {"candra", "budi"}
    assert of_dishub.get(f"/api/v1/people/{mine['id']}").status_code == 200
    assert of_dishub.get(f"/api/v1/people/{other['id']}").status_code == 403
    seen = {"if-match": "*"}
    assert (
        of_dishub.patch(f"/api/v1/people/{other['id']}", json={"name": "X"}, headers=seen).status_code == 403
    )
    assert (
        of_dishub.patch(f"/api/v1/people/{mine['id']}", json={"unit": "damkar"}, headers=seen).status_code
        == 403
    )
    body = {"name": "Eka", "login": "eka", "unit": "damkar"}
    assert of_dishub.post("/api/v1/people", json=body, headers=key()).status_code == 403
    grant = {"holder": mine["id"], "programme": "tangi", "role": "officer"}
    answer = of_dishub.post("/api/v1/grants", json={**grant, "unit": "terminal"}, headers=key())
    assert answer.status_code == 201
    assert of_dishub.post("/api/v1/grants", json=grant, headers=key()).status_code == 403
    api.post("/api/v1/grants", json={**grant, "role": "reader"}, headers=key())
    told = of_dishub.get("/api/v1/grants", params={"holder": mine["id"]}).json()["items"]
    assert [one["unit"] for one in told] == ["terminal"]  # not that of the whole city
    assert len(api.get("/api/v1/grants", params={"holder": mine["id"]}).json()["items"]) == 2
    unit = {"id": "damkar-2", "kind": "team", "name": "Pos 2", "parent": "damkar"}
    assert of_dishub.post("/api/v1/units", json=unit, headers=key()).status_code == 403


def test_pages_of_people_hold_everybody_once(api: Browser) -> None:
    for number in range(5):
        invited(api, f"orang-{number}")
    found: list[str] = []
    cursor = ""
    while True:
        page = api.get("/api/v1/people", params={"limit": 2, "cursor": cursor}).json()
        found += [one["login"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(found) == sorted(set(found))
    assert len(found) == 6
    assert [one["login"] for one in api.get("/api/v1/people?q=ratna").json()["items"]] == ["ratna"]
    assert len(api.get("/api/v1/people?state=invited&q=budi").json()["items"]) == 5


def test_a_change_says_which_state_it_saw(api: Browser) -> None:
    person = invited(api)
    path = f"/api/v1/people/{person['id']}"
    tag = api.get(path).headers["etag"]
    assert api.patch(path, json={"name": "Budi S."}).status_code == 428
    changed = api.patch(path, json={"name": "Budi S."}, headers={"if-match": tag})
    assert (changed.status_code, changed.json()["name"]) == (200, "Budi S.")
    assert api.patch(path, json={"name": "Budi T."}, headers={"if-match": tag}).status_code == 412
    late = api.post(f"{path}/suspend", json={"why": "pindah"}, headers={"if-match": tag})
    assert late.status_code == 412
    assert api.post(f"{path}/suspend", json={"why": ""}, headers={"if-match": "*"}).status_code == 422


def test_who_is_suspended_is_out_at_once(hall: Hall, api: Browser) -> None:
    person = hall.person("Budi", "tangi/officer")
    browser = hall.client(person)
    assert browser.get("/api/v1/me").status_code == 200
    path = f"/api/v1/people/{person}"
    assert [one["agent"] for one in api.get(f"{path}/sessions").json()["items"]] == ["Firefox"]
    answer = api.post(f"{path}/suspend", json={"why": "pindah tugas"}, headers={"if-match": "*"})
    assert answer.json()["state"] == "suspended"
    assert browser.get("/api/v1/me").status_code == 401
    api.post(f"{path}/reinstate", json={"why": "kembali"}, headers={"if-match": "*"})
    again = hall.client(person)
    assert api.delete(f"{path}/sessions").json() == {"sessions": 1}
    assert again.get("/api/v1/me").status_code == 401
    renewed = api.post(f"{path}/renew", json={"why": "ponsel hilang"})
    assert renewed.json()["link"].startswith("http://localhost:8600/link/")


def test_nobody_does_it_to_himself(api: Browser, root_: str) -> None:
    seen = {"if-match": "*"}
    assert api.post(f"/api/v1/people/{root_}/suspend", json={"why": "x"}, headers=seen).status_code == 422
    body = {"holder": root_, "programme": "tangi", "role": "officer"}
    assert api.post("/api/v1/grants", json=body, headers=key()).status_code == 422


def test_what_gives_power_wants_a_fresh_factor(hall: Hall, api: Browser) -> None:
    hall.clock.advance(1_000)
    body = {"name": "Budi", "login": "budi"}
    answer = api.post("/api/v1/people", json=body, headers=key())
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "second factor"
    assert api.get("/api/v1/people").status_code == 200


def test_units_are_a_tree_that_is_changed_with_care(api: Browser) -> None:
    assert {one["id"] for one in api.get("/api/v1/units").json()["items"]} == {"dishub", "terminal", "damkar"}
    body = {"id": "kel-kesenden", "kind": "kelurahan", "name": "Kesenden", "code": "32.74.01.1003"}
    made = api.post("/api/v1/units", json=body, headers=key())
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    path = "/api/v1/units/kel-kesenden"
    moved = api.patch(path, json={"parent": "dishub"}, headers={"if-match": '"1"'})
    assert (moved.status_code, moved.json()["parent"]) == (200, "dishub")
    assert api.patch(path, json={"name": "X"}, headers={"if-match": '"1"'}).status_code == 412
    loop = api.patch("/api/v1/units/dishub", json={"parent": "kel-kesenden"}, headers={"if-match": "*"})
    assert loop.status_code == 422
    api.patch(path, json={"retired": True}, headers={"if-match": "*"})
    assert "kel-kesenden" not in {one["id"] for one in api.get("/api/v1/units").json()["items"]}
    assert "kel-kesenden" in {one["id"] for one in api.get("/api/v1/units?retired=true").json()["items"]}
    assert api.get("/api/v1/units/nowhere").status_code == 404


def test_roles_are_given_and_taken(hall: Hall, api: Browser) -> None:
    person = hall.person("Budi")
    names = {f"{one['programme']}/{one['name']}" for one in api.get("/api/v1/roles").json()["items"]}
    assert {"platform/admin", "tangi/officer"} <= names
    body = {"holder": person, "programme": "tangi", "role": "officer", "why": "shift malam"}
    given = api.post("/api/v1/grants", json=body, headers=key()).json()
    assert hall.client(person).get("/api/v1/me").json()["permissions"] == {"tangi.incidents.work": None}
    assert [one["holder"] for one in api.get("/api/v1/grants", params={"unit": ""}).json()["items"]].count(
        person
    )
    assert api.get("/api/v1/grants").status_code == 422
    assert api.delete(f"/api/v1/grants/{given['id']}", params={"why": "selesai"}).status_code == 204
    assert hall.client(person).get("/api/v1/me").json()["permissions"] == {}
    assert api.delete(f"/api/v1/grants/{given['id']}").status_code == 404
    wrong = api.post("/api/v1/grants", json={**body, "role": "king"}, headers=key())
    assert wrong.status_code == 404


def test_keys_are_made_rotated_and_revoked(hall: Hall, api: Browser) -> None:
    app = api.post("/api/v1/apps", json={"name": "Peta"}, headers=key()).json()
    body = {"holder": app["id"], "programme": "tangi", "role": "officer"}
    assert api.post("/api/v1/grants", json=body, headers=key()).status_code == 201
    admin = api.post("/api/v1/grants", json={**body, "programme": "platform", "role": "admin"}, headers=key())
    assert admin.status_code == 422  # no app may give itself more
    path = f"/api/v1/apps/{app['id']}"
    wish = {"label": "server", "scopes": ["tangi.incidents.work"]}
    made = api.post(f"{path}/keys", json=wish, headers=key()).json()

    def me(secret: str) -> int:
        return Browser(hall.app).get("/api/v1/me", headers={"authorization": f"Bearer {secret}"}).status_code

    assert me(made["secret"]) == 200
    rotated = api.post(f"/api/v1/keys/{made['key']['id']}/rotate", json={"overlap": 60}, headers=key()).json()
    assert (me(made["secret"]), me(rotated["secret"])) == (200, 200)
    hall.clock.advance(61)
    assert (me(made["secret"]), me(rotated["secret"])) == (401, 200)
    assert api.delete(f"/api/v1/keys/{rotated['key']['id']}").status_code == 204
    assert me(rotated["secret"]) == 401
    told = api.get(path)
    assert len(told.json()["keys"]) == 2
    assert "secret" not in told.text
    api.patch(path, json={"suspended": True}, headers={"if-match": told.headers["etag"]})
    assert api.post(f"{path}/keys", json=wish, headers=key()).status_code == 409


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/api/v1/people"),
        ("POST", "/api/v1/people"),
        ("POST", "/api/v1/grants"),
        ("GET", "/api/v1/roles"),
        ("POST", "/api/v1/units"),
        ("GET", "/api/v1/apps"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/audit/export"),
        ("GET", "/api/v1/audit/verification"),
        ("GET", "/kelola/orang"),
        ("GET", "/kelola/unit"),
        ("GET", "/kelola/aplikasi"),
        ("GET", "/kelola/jejak"),
    ],
)
def test_who_administers_nothing_gets_nowhere(hall: Hall, method: str, path: str) -> None:
    client = hall.client(hall.person("Budi", "tangi/officer"))
    answer = client.request(method, path, json={})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "permission"
    assert client.get("/kelola").headers["location"] == "/akun"


def test_what_was_done_is_in_the_trail(hall: Hall, api: Browser) -> None:
    auditor = hall.client(hall.person("Adi", "platform/auditor"))
    person = invited(api)
    api.post(
        "/api/v1/grants",
        json={"holder": person["id"], "programme": "tangi", "role": "officer", "why": "shift"},
        headers=key(),
    )
    found = auditor.get("/api/v1/audit", params={"action": "grant.given"}).json()["items"]
    assert found[0]["why"] == "shift"
    assert found[0]["by"] != SYSTEM.id
    assert api.get("/api/v1/audit").status_code == 403  # who gives roles does not watch over it himself
