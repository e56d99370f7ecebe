"""The devices' API on the whole application: plan, claim, join, shut out; tables brought and taken."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from fastapi.testclient import TestClient

from city.identity.caller import Caller
from contracts import enrolment
from devices.ca import root
from devices.roles import MANAGE, READ
from tests.devices.ca.makers import csr
from tests.devices.conftest import engineer
from tests.fixtures.whole import Whole
from web import access

PLAN: dict[str, Any] = {"kind": "kiosk", "site": "bima", "title": "Kiosk timur"}
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def api(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    parts = whole.parts
    offline = root.make(tmp_path_factory.mktemp("root") / "root.key", "sangat rahasia", parts.clock.now())
    with parts.db.begin() as tx:
        parts.fleet.authority.add(tx, offline, starts=parts.clock.now())
    with TestClient(whole.app()) as client:
        yield client


def as_(whole: Whole, caller: Caller) -> TestClient:
    async def known(_: object) -> access.Known:
        return access.Known(caller=caller)

    return TestClient(whole.app(known))


def once() -> dict[str, str]:
    return {"Idempotency-Key": f'"devices-{next(NUMBERS)}"'}


def planned(api: TestClient, device: str, **more: Any) -> dict[str, Any]:
    answer = api.post("/api/v1/devices", json={"device": device, **PLAN, **more}, headers=once())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_from_plan_to_retirement(api: TestClient, whole: Whole) -> None:
    contact = {"name": "Budi", "phone": "0812 3456 7890"}
    assert planned(api, "kiosk-07", contact=contact)["state"] == "planned"
    again = api.post("/api/v1/devices", json={"device": "kiosk-07", **PLAN}, headers=once())
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "device")
    assert api.get("/api/v1/devices/kiosk-07/contact").json() == {**contact, "email": ""}
    made = api.post("/api/v1/devices/kiosk-07/claims", json={"seconds": 600}, headers=once()).json()
    assert enrolment.parse(made["text"]).code == enrolment.code(made["code"])
    assert len(api.get("/api/v1/devices/kiosk-07/claims").json()["items"]) == 1
    ask = {"code": made["code"], "csr": csr(), "hardware": {"model": "Pi 5"}}
    given = api.post(enrolment.PATH, json=ask)
    assert given.json()["device"] == "kiosk-07"
    assert api.post(enrolment.PATH, json=ask).json() == given.json()
    other = api.post(enrolment.PATH, json={**ask, "csr": csr()})
    assert (other.status_code, other.json()["detail"]) == (409, "another device has used this code")
    wrong = api.post(enrolment.PATH, json={**ask, "code": "0000-0000-0000-0000"})
    assert (wrong.status_code, made["code"] in wrong.text) == (403, False)
    (issued,) = api.get("/api/v1/devices/kiosk-07/certificates").json()["items"]
    assert issued["serial"] == given.json()["serial"]
    whole.parts.roster.refresh()
    assert whole.parts.roster.get("kiosk-07") is not None

    record = api.get("/api/v1/devices/kiosk-07/record")
    assert api.post("/api/v1/devices/kiosk-07/disable", json={"why": "x"}).status_code == 428
    step = {"If-Match": record.headers["ETag"]}
    changed = api.put("/api/v1/devices/kiosk-07/record", json={**PLAN, "floor": "2"}, headers=step)
    assert changed.json()["floor"] == "2"
    late = api.post("/api/v1/devices/kiosk-07/disable", json={"why": "Dicuri"}, headers=step)
    assert late.status_code == 412
    step = {"If-Match": changed.headers["ETag"]}
    body = {"why": "Dicuri", "stolen": True}
    assert api.post("/api/v1/devices/kiosk-07/disable", json=body, headers=step).json()["state"] == "disabled"
    lists = x509.load_pem_x509_crl(api.get("/api/v1/authority.crl").content)
    assert [f"{one.serial_number:x}" for one in lists] == [issued["serial"]]
    whole.parts.roster.refresh()
    assert whole.parts.roster.get("kiosk-07") is None
    anyway = {"If-Match": "*"}
    enabled = api.post("/api/v1/devices/kiosk-07/enable", json={"why": "Ketemu"}, headers=anyway)
    assert enabled.json()["state"] == "enrolled"
    gone = api.post("/api/v1/devices/kiosk-07/retire", json={"why": "Rusak"}, headers=anyway)
    assert gone.json()["state"] == "retired"
    assert api.post("/api/v1/devices/kiosk-07/claims", json={}, headers=once()).status_code == 409


def test_a_password_is_shown_once(api: TestClient) -> None:
    planned(api, "sensor-01", kind="sensor")
    key = once()
    shown = api.post("/api/v1/devices/sensor-01/account", headers=key)
    assert shown.json()["username"] == "sensor-01"
    assert api.post("/api/v1/devices/sensor-01/account", headers=key).json() == shown.json(), "sent twice"
    assert api.delete("/api/v1/devices/sensor-01/account").status_code == 204


def test_a_unit_sees_its_own(api: TestClient, whole: Whole) -> None:
    planned(api, "wifi-41", kind="wifi")
    stranger = as_(whole, engineer("indosat", READ, MANAGE))
    assert stranger.get("/api/v1/registry").json() == {"items": [], "next": None}
    refused = stranger.get("/api/v1/devices/wifi-41/record")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "permission")
    assert api.get("/api/v1/devices/nobody-1/record").status_code == 404


def test_lists_go_on(api: TestClient) -> None:
    for number in range(3):
        planned(api, f"list-{number}", site="daftar")
    first = api.get("/api/v1/registry", params={"site": "daftar", "limit": 2}).json()
    rest = api.get("/api/v1/registry", params={"site": "daftar", "cursor": first["next"]}).json()
    assert [one["device"] for one in (*first["items"], *rest["items"])] == ["list-0", "list-1", "list-2"]
    assert rest["next"] is None


TABLE = """Id;Jenis;Lokasi;Nama;Bujur;Lintang;Label;Keadaan;Penanggung jawab
meja-1;kiosk;bima;Gerbang;108,54;-6,74;stop=north;enrolled;Budi
meja-2;perahu;bima;Salah;;;;;
meja-3;wifi;Bima!;Salah juga;;;;;
meja-4;wifi;bima;=1+1;;;;;
"""


def test_a_table_is_tried_then_brought_then_taken(api: TestClient, whole: Whole) -> None:
    def bring(mode: str, text: str = TABLE) -> dict[str, Any]:
        answer = api.post(
            "/api/v1/registry/imports",
            params={"mode": mode},
            content=text.encode(),
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    tried = bring("dry")
    assert (tried["committed"], tried["new"], tried["refused"]) == (False, 2, 2)
    assert {(one["row"], one["column"]) for one in tried["problems"]} == {(3, "Jenis"), (4, "site")}
    assert api.get("/api/v1/devices/meja-1/record").status_code == 404
    assert bring("all")["committed"] is False
    assert bring("each")["new"] == 2
    assert bring("each")["same"] == 2
    found = api.get("/api/v1/devices/meja-1/record").json()
    assert (found["state"], found["latitude"], found["labels"]) == ("enrolled", -6.74, {"stop": "north"})
    assert api.get("/api/v1/devices/meja-1/contact").json()["name"] == "Budi"
    taken = api.get("/api/v1/registry.csv")
    assert "Budi" not in taken.text
    assert "'=1+1" in taken.text, "no spreadsheet takes it for a formula"
    (line,) = [line for line in taken.text.splitlines() if line.startswith("meja-1")]
    head = taken.text.splitlines()[0]
    renamed = f"{head}\r\n{line.replace('Gerbang', 'Gerbang timur')}\r\n"
    assert bring("all", renamed)["changed"] == 1, "what was taken can be brought again"
    kept = api.get("/api/v1/devices/meja-1/record").json()
    assert (kept["title"], kept["latitude"], kept["labels"]) == ("Gerbang timur", -6.74, {"stop": "north"})


def test_a_table_that_is_none_is_refused(api: TestClient) -> None:
    answer = api.post("/api/v1/registry/imports", content=b"\x00\x01", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422
