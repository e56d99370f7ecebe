"""The pages do what the API does: once, as was seen, with what is wrong beside its field."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM
from devices.commands import Filters
from tests.fixtures.whole import Whole

HTML = {"accept": "text/html"}


def test_a_command_is_sent_once_however_often_it_is_pressed(client: TestClient, whole: Whole) -> None:
    page = client.get("/kendali/kiosk-0", headers=HTML).text
    token = re.search(r'name="once" value="([^"]+)"', page)
    assert token
    form = {"once": token[1], "type": "set-volume", "arguments": "percent=30", "why": "salat", "back": ""}
    for _ in range(2):
        answer = client.post("/kendali/kiosk-0/perintah", data=form, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/kendali/kiosk-0")
    (one,) = whole.parts.control.desk.page(SYSTEM, Filters(device="kiosk-0"))
    assert (one.arguments, one.why) == ({"percent": 30, "seconds": 0}, "salat")


def test_what_is_wrong_with_a_command_stands_beside_its_field(client: TestClient) -> None:
    for form, fault in (
        ({"type": "set-volume", "arguments": "percent=300", "why": "x"}, "arguments"),
        ({"type": "set-volume", "arguments": "loud", "why": "x"}, "arguments"),
        ({"type": "explode", "arguments": "", "why": "x"}, "type"),
        ({"type": "reboot", "arguments": "", "why": ""}, "why"),
    ):
        answer = client.post("/kendali/kiosk-0/perintah", data=form, headers=HTML)
        assert answer.status_code == 422, form
        assert f'href="#command-{fault}"' in answer.text, form


def test_a_wish_is_taken_from_who_has_seen_the_newest(client: TestClient, whole: Whole) -> None:
    path = "/kendali/kiosk-1/keadaan"
    form = {"key": "volume", "value": "20", "why": "malam", "version": "0", "back": "/perangkat/kiosk-1"}
    assert client.post(path, data=form, headers=HTML).headers["location"] == "/perangkat/kiosk-1"
    assert client.post(path, data=form, headers=HTML).status_code == 412
    bad = client.post(path, data={**form, "version": "1", "value": "200"}, headers=HTML)
    assert (bad.status_code, 'href="#wish-value"' in bad.text) == (422, True)
    client.post(path, data={**form, "version": "1", "value": ""}, headers=HTML)
    assert whole.parts.control.shadows.get(SYSTEM, "kiosk-1").values == {}


def test_a_devices_page_shows_both(client: TestClient) -> None:
    page = client.get("/perangkat/kiosk-1", headers=HTML).text
    assert 'id="shadow-title"' in page
    assert 'id="commands-title"' in page
    assert 'name="back" value="/perangkat/kiosk-1"' in page


def test_a_rollout_is_seen_before_it_begins(client: TestClient, whole: Whole) -> None:
    form = {
        "title": "Redup",
        "key": "brightness",
        "value": "40",
        "site": "api",
        "why": "malam",
        "once": "seen",
    }
    seen = client.post("/peluncuran/baru", data=form, headers=HTML)
    assert (seen.status_code, 'name="begin"' in seen.text) == (200, True)
    assert whole.parts.control.rollouts.page(SYSTEM) == []
    begun = [client.post("/peluncuran/baru", data={**form, "begin": "1"}, headers=HTML) for _ in range(2)]
    assert begun[0].headers["location"] == begun[1].headers["location"]
    place = begun[0].headers["location"]
    assert "kiosk-0" in client.get(place, headers=HTML).text
    busy = client.post("/peluncuran/baru", data={**form, "begin": "1", "once": "again"}, headers=HTML)
    assert busy.status_code == 409
    nobody = client.post("/peluncuran/baru", data={**form, "site": "nowhere"}, headers=HTML)
    assert (nobody.status_code, 'href="#form-site"' in nobody.text) == (422, True)
    step = {"why": "hujan", "revision": "1"}
    assert client.post(f"{place}/jeda", data={"why": "", "revision": "1"}, headers=HTML).status_code == 422
    assert client.post(f"{place}/jeda", data=step, headers=HTML).status_code == 303
    assert client.post(f"{place}/batal", data=step, headers=HTML).status_code == 412
    assert "Redup" in client.get("/peluncuran", headers=HTML).text
