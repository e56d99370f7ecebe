"""On which channels one is told, when not, and in which browsers."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.web.notices.conftest import BUDI, SITI, Centre

API = "/api/v1/notices"
PAGE = "/pemberitahuan/pilihan"
TOPIC = "drill.incidents"
BROWSER = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/secret-address",
    "p256dh": "B" * 87,
    "auth": "A" * 22,
}


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def test_what_is_not_ticked_is_not_wanted(centre: Centre) -> None:
    client = centre.client()
    form = {
        "seen": seen(client.get(PAGE).text),
        "shown": [f"{TOPIC}/sms", f"{TOPIC}/email"],
        "wanted": [f"{TOPIC}/email"],
    }
    assert client.post(PAGE, data=form).headers["location"] == PAGE
    (topic,) = [one for one in client.get(f"{API}/choices").json()["topics"] if one["topic"] == TOPIC]
    assert topic["channels"] == {"push": True, "email": True, "sms": False, "whatsapp": True}
    boxes = re.findall(r'name="wanted" value="([^"]+)"( checked)?', client.get(PAGE).text)
    assert dict(boxes)[f"{TOPIC}/sms"] == ""
    assert dict(boxes)[f"{TOPIC}/email"] == " checked"
    assert client.post(PAGE, data=form).status_code == 412  # an older page of his


def test_what_keeps_one_safe_cannot_be_switched_off(centre: Centre) -> None:
    client = centre.client()
    assert "drill.safety" not in client.get(PAGE).text
    answer = client.put(f"{API}/choices/drill.safety/sms", json={"wanted": False}, headers={"if-match": "*"})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["field"] == "topic"


def test_a_lost_update_is_refused(centre: Centre) -> None:
    client = centre.client()
    tag = client.get(f"{API}/choices").headers["etag"]
    address = f"{API}/choices/{TOPIC}/sms"
    assert client.put(address, json={"wanted": False}).status_code == 428
    done = client.put(address, json={"wanted": False}, headers={"if-match": tag})
    assert done.status_code == 200
    assert done.headers["etag"] != tag
    late = client.put(f"{API}/choices/quiet", json={"hours": ""}, headers={"if-match": tag})
    assert late.status_code == 412
    assert late.headers["etag"] == done.headers["etag"]
    assert client.get(f"{API}/choices").json()["quiet"] == "21:00-06:00"


def test_the_tag_is_the_same_in_both_languages(centre: Centre) -> None:
    client = centre.client()
    tags = {client.get(f"{API}/choices?lang={language}").headers["etag"] for language in ("id", "en")}
    assert len(tags) == 1


@pytest.mark.parametrize(
    "form, kept",
    [
        ({"quiet": "own", "from": "22:30", "until": "05:00"}, ("22:30-05:00", True)),
        ({"quiet": "none", "from": "", "until": ""}, ("", True)),
        ({"quiet": "city", "from": "01:00", "until": "02:00"}, ("21:00-06:00", False)),
    ],
)
def test_quiet_hours(centre: Centre, form: dict[str, str], kept: tuple[str, bool]) -> None:
    client = centre.client()
    form = form | {"seen": seen(client.get(PAGE).text)}
    assert client.post(f"{PAGE}/tenang", data=form).status_code == 303
    found = client.get(f"{API}/choices").json()
    assert (found["quiet"], found["own"]) == kept


def test_hours_that_are_none_stand_in_the_form_again(centre: Centre) -> None:
    client = centre.client()
    form = {"quiet": "own", "from": "05:00", "until": "05:00", "seen": seen(client.get(PAGE).text)}
    answer = client.post(f"{PAGE}/tenang", data=form)
    assert answer.status_code == 422
    assert "Dua jam yang berbeda" in answer.text
    assert 'value="05:00"' in answer.text
    assert client.post(f"{PAGE}/tenang", data={**form, "quiet": ""}).status_code == 422


def test_a_browser_takes_pushes_until_it_is_taken_out(centre: Centre) -> None:
    client = centre.client()
    assert client.post(f"{PAGE}/peramban", data=BROWSER).headers["location"] == f"{PAGE}#push"
    page = client.get(PAGE).text
    assert "updates.push.services.mozilla.com" in page
    assert "secret-address" not in page
    (browser,) = client.get(f"{API}/browsers").json()["items"]
    assert centre.client(BUDI).delete(f"{API}/browsers/{browser['id']}").status_code == 404
    assert client.post(f"{PAGE}/peramban/{browser['id']}/hapus").status_code == 303
    assert client.get(f"{API}/browsers").json() == {"key": "", "items": []}


def test_a_browser_by_the_api_leads_to_push_services_only(centre: Centre) -> None:
    client = centre.client()
    assert client.post(f"{API}/browsers", json=BROWSER).status_code == 201
    inside = {**BROWSER, "endpoint": "https://10.0.0.1/"}
    refused = client.post(f"{API}/browsers", json=inside, headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "endpoint")


def test_its_address_lies_nowhere_in_clear(centre: Centre, tmp_path: Path) -> None:
    centre.client().post(f"{API}/browsers", json=BROWSER)
    with centre.db.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM notice_pushes")).scalar_one() == 1
    for file in tmp_path.glob("city.sqlite*"):
        assert b"secret-address" not in file.read_bytes()
    with centre.db.read() as tx:
        found = centre.told.subscriptions.of(tx, SITI)
    assert [one.endpoint for one in found.values()] == [BROWSER["endpoint"]]


def test_the_worker_is_everyones_and_stands_where_its_scope_is(centre: Centre) -> None:
    answer = centre.client("").get("/pemberitahuan/pekerja.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "fetch(" not in answer.text
