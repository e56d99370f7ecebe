"""Sites put on the map, moved and taken off it; and the calendar by which deadlines run."""

from datetime import date

import pytest
from fastapi.testclient import TestClient

from runtime.calendar import Year
from tests.fixtures.whole import Whole
from tests.web.admin.conftest import Enter
from tests.web.admin.test_pages import hidden
from web.admin.days_api import days

ROOT = "/kelola/lokasi"
API = "/api/v1/sites"
NEW = {"id": "pasar-kanoman", "title": "Pasar Kanoman", "longitude": 108.5672, "latitude": -6.7206}
JSON = {"accept": "application/json"}


@pytest.fixture
def operator(enter: Enter) -> TestClient:
    return enter("Eka", "platform/operator")


def actions(whole: Whole) -> list[tuple[str, str, str]]:
    """What the trail says of sites, oldest first."""
    from city.audit import Filters, page

    with whole.parts.db.read() as tx:
        found = page(tx, Filters(kind="geography.site"), before=None, limit=100)
    return [(one.action, one.record, one.why) for one in reversed(found)]


def test_a_site_by_the_api(whole: Whole, operator: TestClient) -> None:
    client = operator
    client.headers.update(JSON)
    key = {"idempotency-key": "a"}
    made = client.post(API, json=NEW, headers=key)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert client.post(API, json=NEW, headers=key).json() == made.json()  # pressed twice
    there = client.post(API, json=NEW, headers={"idempotency-key": "b"})
    assert there.status_code == 412
    address = f"{API}/pasar-kanoman"
    assert client.patch(address, json={"title": "Pasar"}).status_code == 428
    moved = client.patch(address, json={"longitude": 108.5675}, headers={"if-match": '"1"'})
    assert (moved.json()["longitude"], moved.json()["title"]) == (108.5675, "Pasar Kanoman")
    assert client.patch(address, json={"title": "Lain"}, headers={"if-match": '"1"'}).status_code == 412
    far = client.patch(address, json={"longitude": 10.0}, headers={"if-match": "*"})
    assert far.status_code == 422
    assert client.get(address).json()["title"] == "Pasar Kanoman"
    assert client.delete(address, headers={"if-match": '"1"'}).status_code == 412
    gone = client.delete(address, headers={"if-match": '"2"'}, params={"why": "pindah"})
    assert gone.status_code == 204
    assert client.get(address).status_code == 404
    assert client.patch(address, json={"title": "x"}, headers={"if-match": "*"}).status_code == 404
    kota = f"{API}/kota"
    assert client.patch(kota, json={"title": "x"}, headers={"if-match": "*"}).status_code == 409
    assert client.delete(kota, headers={"if-match": "*"}).status_code == 409
    assert actions(whole) == [
        ("site.added", "pasar-kanoman", ""),
        ("site.changed", "pasar-kanoman", ""),
        ("site.removed", "pasar-kanoman", "pindah"),
    ]


def test_a_site_on_pages(operator: TestClient) -> None:
    assert "Belum ada lokasi" in operator.get(ROOT).text
    once = hidden(operator.get(f"{ROOT}/baru").text, "once")
    form = {"once": once, "id": "Pasar!", "title": "", "latitude": "selatan", "longitude": "108,5672"}
    wrong = operator.post(f"{ROOT}/baru", data=form)
    assert wrong.status_code == 422
    assert wrong.text.count("aria-invalid") == 2  # title and latitude
    form |= {"title": "Pasar Kanoman", "latitude": "-6,7206"}
    wrong = operator.post(f"{ROOT}/baru", data=form)
    assert 'id="form-id-fault"' in wrong.text
    far = operator.post(f"{ROOT}/baru", data=form | {"id": "pasar", "latitude": "6"})
    assert 'id="form-latitude-fault"' in far.text
    assert operator.post(f"{ROOT}/baru", data=form | {"id": "pasar"}).headers["location"] == ROOT
    twice = operator.post(f"{ROOT}/baru", data=form | {"id": "pasar", "once": "another"})
    assert "Sudah ada lokasi" in twice.text
    page = operator.get(f"{ROOT}/pasar").text
    change = {"title": "Pasar Kanoman", "latitude": "-6.7207", "longitude": "108.5672"}
    change["revision"] = hidden(page, "revision")
    assert operator.post(f"{ROOT}/pasar", data=change).headers["location"] == ROOT
    late = operator.post(f"{ROOT}/pasar", data=change | {"title": "Lain"})
    assert "berubah sejak" in late.text
    assert 'value="Lain"' in late.text
    change["revision"] = hidden(late.text, "revision")
    assert operator.post(f"{ROOT}/pasar", data=change).status_code == 303
    assert "-6.72070" in operator.get(ROOT).text
    ask = operator.get(f"{ROOT}/pasar/hapus").text
    gone = {"revision": hidden(ask, "revision"), "why": ""}
    assert 'id="form-why-fault"' in operator.post(f"{ROOT}/pasar/hapus", data=gone).text
    assert operator.post(f"{ROOT}/pasar/hapus", data=gone | {"why": "pindah"}).headers["location"] == ROOT
    assert operator.get(f"{ROOT}/pasar").status_code == 404


def test_only_operators_change_the_map(enter: Enter) -> None:
    viewer = enter("Dewi", "platform/viewer")
    assert viewer.get(ROOT).status_code == 403
    made = viewer.post(API, json=NEW, headers=JSON | {"idempotency-key": "c"})
    assert made.status_code == 403


def test_programs_count_by_the_same_days(enter: Enter) -> None:
    client = enter("Dewi", "platform/viewer")
    told = client.get("/api/v1/calendar/2026", headers=JSON).json()
    assert {"day": "2026-08-17", "name": "Proklamasi Kemerdekaan", "kind": "national"} in told["days"]
    assert {one["kind"] for one in told["days"]} == {"national", "joint"}
    assert (told["joint_leave"], told["expected"]) == (True, False)
    assert told["ramadan"][0]["first"] == "2026-02-19"
    assert client.get("/api/v1/calendar/1900", headers=JSON).status_code == 422


def test_a_day_that_is_worked_all_the_same_is_told_once() -> None:
    feast, eve = date(2026, 3, 21), date(2026, 3, 20)
    year = Year(
        year=2026, source="x", national={feast: "Idul Fitri"}, joint={eve: "Cuti"}, work=frozenset({eve})
    )
    assert [(one.day, one.name, one.kind) for one in days(year)] == [
        (eve, "Cuti", "worked"),
        (feast, "Idul Fitri", "national"),
    ]


def test_the_calendar_says_which_days_are_free_and_why(enter: Enter) -> None:
    viewer = enter("Dewi", "platform/viewer")
    page = viewer.get("/kelola/kalender?tahun=2026").text
    assert "Proklamasi Kemerdekaan" in page
    assert "Senin, 17 Agustus" in page
    assert "SKB" in page
    assert "07:30-12:00, 13:00-16:00" in page
    assert "Monday, 17 August" in viewer.get("/kelola/kalender?tahun=2026&lang=en").text
    later = viewer.get("/kelola/kalender?tahun=2031&lang=id").text
    assert "Belum ada keputusan" in later or "belum diketahui" in later
    assert viewer.get("/kelola/kalender?tahun=x").status_code == 422
