"""The fleet's pages on the whole application, as a browser without JavaScript uses them."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from contracts import enrolment
from devices.ca import root
from devices.roles import READ
from tests.city.files.makers import pdf, picture
from tests.devices.ca.makers import csr
from tests.devices.conftest import engineer
from tests.devices.test_api import as_, once
from tests.fixtures.whole import Whole

NEW = {
    "device": "kiosk-07",
    "kind": "kiosk",
    "site": "bima",
    "title": "Kiosk timur",
    "longitude": "108,5409",
    "latitude": "-6,7401",
    "labels": "stop=north",
    "contact_name": "Budi",
}


@pytest.fixture(scope="module")
def page(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    parts = whole.parts
    offline = root.make(tmp_path_factory.mktemp("root") / "root.key", "sangat rahasia", parts.clock.now())
    with parts.db.begin() as tx:
        parts.fleet.authority.add(tx, offline, starts=parts.clock.now())
    with TestClient(whole.app(), headers={"Origin": "http://testserver"}) as client:
        yield client


def test_from_plan_to_claim_to_retirement(page: TestClient) -> None:
    assert "dari berkas daftar, hanya dibaca" in page.get("/perangkat").text
    wrong = page.post("/perangkat/baru", data={**NEW, "longitude": "timur", "labels": "x"})
    assert wrong.status_code == 422
    assert "Tulis sebagai derajat" in wrong.text
    assert "Tulis nama=nilai" in wrong.text
    bad = page.post("/perangkat/baru", data={**NEW, "device": "Kiosk 7"})
    assert (bad.status_code, 'value="Kiosk 7"' in bad.text) == (422, True)
    made = page.post("/perangkat/baru", data=NEW)
    assert made.status_code == 200
    assert "Direncanakan" in made.text
    assert "108.54090" in made.text
    assert page.post("/perangkat/baru", data=NEW).status_code == 422
    assert "Kiosk timur" in page.get("/perangkat", params={"q": "timur", "state": "planned"}).text
    assert "Tidak ada yang seperti itu" in page.get("/perangkat", params={"kind": "cctv"}).text

    edit = page.get("/perangkat/kiosk-07/ubah").text
    assert 'value="Budi"' in edit
    revision = edit.split('name="revision" value="')[1].split('"')[0]
    changed = page.post("/perangkat/kiosk-07/ubah", data={**NEW, "revision": revision, "floor": "2"})
    assert "lantai 2" in changed.text
    stale = page.post("/perangkat/kiosk-07/ubah", data={**NEW, "revision": revision})
    assert stale.status_code == 412

    shown = page.post("/perangkat/kiosk-07/ubah/klaim")
    assert shown.headers["Cache-Control"] == "no-store"
    assert 'class="qr"' in shown.text
    code = shown.text.split('class="code id">')[1].split("<")[0]
    assert page.post(enrolment.PATH, json={"code": code, "csr": csr()}).status_code == 200
    enrolled = page.get("/perangkat/kiosk-07").text
    assert "Berlaku" in enrolled
    assert code not in enrolled
    assert "Nama pengguna" in page.post("/perangkat/kiosk-07/ubah/sandi").text

    assert page.post("/perangkat/kiosk-07/matikan", data={"why": ""}).status_code == 422
    off = page.post("/perangkat/kiosk-07/matikan", data={"why": "Dicuri", "stolen": "1"})
    assert "Dimatikan" in off.text
    assert "Dicabut" in off.text
    assert "Terdaftar" in page.post("/perangkat/kiosk-07/aktifkan", data={"why": "Ketemu"}).text
    assert "Pensiun" in page.post("/perangkat/kiosk-07/pensiunkan", data={"why": "Rusak"}).text
    assert page.post("/perangkat/kiosk-07/aktifkan", data={"why": "lagi"}).status_code == 409
    assert page.post("/perangkat/kiosk-07/terbang", data={"why": "x"}).status_code == 404
    assert page.get("/perangkat/nobody-1").status_code == 404


def test_who_only_reads_changes_nothing(page: TestClient, whole: Whole) -> None:
    page.post("/perangkat/baru", data={**NEW, "device": "kiosk-08"})
    reader = as_(whole, engineer("", READ))
    reader.headers["Origin"] = "http://testserver"
    shown = reader.get("/perangkat/kiosk-08").text
    assert "Buat kode klaim" not in shown
    assert "Ubah" not in shown
    for path in ("ubah", "ubah/klaim", "ubah/sandi", "matikan"):
        assert reader.post(f"/perangkat/kiosk-08/{path}", data={"why": "x", **NEW}).status_code == 403


def test_documents_and_photos(page: TestClient, whole: Whole) -> None:
    page.post("/perangkat/baru", data={**NEW, "device": "kiosk-09"})
    api = "/api/v1/device-files/kiosk-09"
    assert page.get(api).json()["items"] == []
    kept = page.post(api, params={"name": "tiang.jpg"}, content=picture(), headers=once())
    assert (kept.status_code, kept.json()["image"]) == (201, True)
    assert page.get(kept.json()["href"]).headers["content-type"] == "image/jpeg"
    assert page.post(api, content=b"MZ\x00\x00", headers=once()).status_code == 422
    form = {"file": ("kontrak.pdf", pdf(), "application/pdf")}
    shown = page.post("/perangkat-berkas/kiosk-09", files=form)
    assert "kontrak.pdf" in shown.text
    assert "Berkas ditambah" in shown.text
    first, second = page.get(api).json()["items"]
    assert "kontrak.pdf" not in page.post(f"/perangkat-berkas/kiosk-09/{second['id']}/hapus").text
    assert page.delete(f"{api}/{first['id']}").status_code == 204
    assert page.delete(f"{api}/{first['id']}").status_code == 404
    reader = as_(whole, engineer("", READ))
    assert reader.post(api, content=picture(), headers=once()).status_code == 403
