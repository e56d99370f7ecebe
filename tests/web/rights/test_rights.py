"""A person has what is known of him, or has it erased: at the desk and by the API."""

import pytest

from city.identity.caller import SYSTEM, Kind
from tests.fixtures.whole import Whole
from tests.web.rights.conftest import PHONE, Office

WHY = "Permohonan 12/PDP/2026"
JSON = {"accept": "application/json"}


@pytest.mark.parametrize("typed", ["081234567890", PHONE])
def test_who_asks_is_found_by_his_phone_which_stands_in_no_address(office: Office, typed: str) -> None:
    person = office.citizen()
    client = office.client()
    found = client.post("/hak", data={"who": typed})
    assert (found.status_code, found.headers["location"]) == (303, f"/hak/{person}")
    assert office.noted(person) == [("p-officer", "viewed", "")]
    assert "Warga, Aktif" in client.get(found.headers["location"]).text


def test_staff_are_found_by_login_and_nobody_by_nothing(office: Office) -> None:
    sri = office.identity.people.invite(SYSTEM, name="Sri Wahyuni", login="sri").person
    client = office.client()
    assert client.post("/hak", data={"who": "Sri"}).headers["location"] == f"/hak/{sri.id}"
    assert client.post("/hak", data={"who": sri.id}).headers["location"] == f"/hak/{sri.id}"
    for text in ("", "nobody", "+6289999999999", "a@b", "%"):
        answer = client.post("/hak", data={"who": text})
        assert answer.status_code == 422
        assert "Tidak ada akun" in answer.text or "Isi bagian ini" in answer.text
    assert client.get("/hak/nobody").headers["location"] == "/hak"


def test_his_data_is_handed_out_as_a_file_and_kept_nowhere(office: Office) -> None:
    person = office.citizen()
    client = office.client()
    assert client.post(f"/hak/{person}/ambil", data={"why": "ya"}).status_code == 422
    answer = client.post(f"/hak/{person}/ambil", data={"why": WHY})
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["cache-control"] == "no-store"
    data = answer.json()["data"]
    assert [one["address"] for one in data["identity"]["identity.contact"]] == [PHONE]
    assert data["notifications"]["notifications.notice"][0]["values"]["reporter"] == "Ibu Ratna"
    assert office.noted(person) == [("p-officer", "exported", WHY)]
    page = client.get(f"/hak/{person}").text
    assert "Diserahkan" in page
    assert PHONE not in page
    assert "Ratna" not in page


def test_his_data_is_erased_after_a_question(office: Office) -> None:
    person = office.citizen()
    client = office.client()
    assert "Ini tidak bisa dibatalkan" in client.get(f"/hak/{person}/hapus").text
    unsure = client.post(f"/hak/{person}/hapus", data={"why": WHY})
    assert unsure.status_code == 422
    assert WHY in unsure.text  # what was typed stands there again
    assert office.noted(person) == []
    done = client.post(f"/hak/{person}/hapus", data={"why": WHY, "sure": "1"})
    assert done.headers["location"] == f"/hak/{person}"
    page = client.get(f"/hak/{person}").text
    assert "Data orang ini sudah dihapus" in page
    assert "notifications.notice" in page
    assert "/ambil" not in page
    assert client.post("/hak", data={"who": PHONE}).status_code == 422
    assert client.post(f"/hak/{person}/hapus", data={"why": WHY, "sure": "1"}).status_code == 410
    assert office.noted(person) == [("p-officer", "erased", WHY)]


def test_what_must_stay_is_told_with_its_ground(office: Office) -> None:
    sri = office.identity.people.invite(SYSTEM, name="Sri Wahyuni", login="sri").person
    answer = office.client().post(
        f"/api/v1/subjects/{sri.id}/erasure", json={"why": WHY}, headers={"idempotency-key": "one"}
    )
    (kept,) = [one for one in answer.json()["parts"]["identity"] if one["kept"]]
    assert kept["kind"] == "identity.person"
    assert "UU 43/2009" in kept["why"]
    assert "UU 43/2009" in office.client().get(f"/hak/{sri.id}").text


@pytest.mark.parametrize("ago, kind", [(3_600, Kind.PERSON), (0, Kind.APP)])
def test_a_factor_shown_long_ago_does_not_suffice(office: Office, ago: float, kind: Kind) -> None:
    person = office.citizen()
    client = office.client(office.officer(ago=ago, kind=kind))
    assert client.get(f"/hak/{person}/hapus").headers["location"].startswith("/masuk/faktor?next=")
    data = {"why": WHY, "sure": "1"}
    for path in ("ambil", "hapus"):
        assert client.post(f"/hak/{person}/{path}", data=data).headers["location"].startswith("/masuk/faktor")
    for path in ("export", "erasure"):
        headers = {**JSON, "idempotency-key": path}
        answer = client.post(f"/api/v1/subjects/{person}/{path}", json={"why": WHY}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (403, "second factor")
    assert office.noted(person) == []


def test_nobody_erases_himself(office: Office) -> None:
    person = office.citizen()
    client = office.client(office.officer(person))
    answer = client.post(f"/hak/{person}/hapus", data={"why": WHY, "sure": "1"})
    assert answer.status_code == 422
    assert client.get(f"/api/v1/subjects/{person}/reports").json()["items"] == []


def test_by_the_api_an_erasure_sent_twice_is_answered_alike(office: Office) -> None:
    person = office.citizen()
    client = office.client()
    address = f"/api/v1/subjects/{person}"
    assert client.post(f"{address}/erasure", json={"why": WHY}, headers=JSON).status_code == 400
    headers = {**JSON, "idempotency-key": "one"}
    first, again = (client.post(f"{address}/erasure", json={"why": WHY}, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    other = client.post(f"{address}/erasure", json={"why": WHY}, headers={**JSON, "idempotency-key": "two"})
    assert other.status_code == 410
    assert [one["action"] for one in client.get(f"{address}/reports").json()["items"]] == ["erase"]


def test_all_packages_of_the_platform_are_asked(whole: Whole) -> None:
    names = {hook.name for hook in whole.assembly.subjects}
    assert {"identity", "notifications", "files"} <= names
