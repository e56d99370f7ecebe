"""One's own phones and mailboxes: a code proves them, and nobody takes another's."""

import re

import pytest

from tests.web.account.conftest import Browser, House

ROOT = "/akun/alamat"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def add(house: House, browser: Browser, text: str, code: str = "") -> str:
    """Ask for a code and enter it, or another; the page or address after it."""
    asked = browser.post(ROOT, data={"contact": text})
    assert asked.status_code == 200, asked.text
    form = {
        "asked": hidden(asked.text, "asked"),
        "contact": hidden(asked.text, "contact"),
        "code": code or house.sent.codes[-1][1],
    }
    done = browser.post(f"{ROOT}/kode", data=form)
    return done.headers.get("location", done.text)


@pytest.fixture
def citizen(house: House) -> Browser:
    """Somebody who came by his phone."""
    browser = house.browser()
    page = browser.post("/masuk/warga", data={"contact": "0812 3456 7890"}).text
    form = {"asked": hidden(page, "asked"), "contact": "0812 3456 7890", "code": house.sent.codes[-1][1]}
    assert browser.post("/masuk/warga/kode", data=form).status_code == 303
    return browser


def test_staff_add_a_mailbox_and_take_it_away(house: House) -> None:
    browser = house.browser()
    browser.enter(house.somebody("budi", "tangi/officer"))
    assert "Belum ada" in browser.get(ROOT).text
    assert add(house, browser, "budi@contoh.id") == ROOT
    page = browser.get(ROOT).text
    assert "budi@contoh.id" in page
    assert "Untuk masuk" not in page
    (remove,) = re.findall(rf'action="({ROOT}/[\w-]+/hapus)"', page)
    assert browser.post(remove).headers["location"] == ROOT
    assert browser.post(remove).headers["location"] == ROOT  # pressed twice
    assert "Belum ada" in browser.get(ROOT).text


def test_what_is_wrong_is_said_at_the_field(house: House) -> None:
    browser = house.browser()
    browser.enter(house.somebody("budi", "tangi/officer"))
    wrong = browser.post(ROOT, data={"contact": "rumah"})
    assert wrong.status_code == 422
    assert 'value="rumah"' in wrong.text
    assert 'id="form-contact-fault"' in wrong.text
    assert "Kode ini tidak cocok" in add(house, browser, "budi@contoh.id", code="000000")
    assert add(house, browser, "budi@contoh.id") == ROOT
    assert "sudah ada pada Anda" in add(house, browser, "Budi@Contoh.ID")


def test_an_open_screen_is_not_enough(house: House) -> None:
    browser = house.browser()
    browser.enter(house.somebody("budi", "tangi/officer"))
    house.clock.advance(1_000)
    asked = browser.post(
        ROOT, data={"contact": "b@contoh.id"}, headers={"referer": f"http://localhost:8600{ROOT}"}
    )
    assert asked.headers["location"] == "/masuk/faktor?next=%2Fakun%2Falamat"


def test_a_citizen_keeps_a_way_in(house: House, citizen: Browser) -> None:
    page = citizen.get(ROOT).text
    assert "+6281234567890" in page
    assert "/hapus" not in page
    house.clock.advance(1)
    assert add(house, citizen, "sri@contoh.id") == ROOT
    first, _ = re.findall(rf'action="({ROOT}/[\w-]+/hapus)"', citizen.get(ROOT).text)
    assert citizen.post(first).status_code == 303
    page = citizen.get(ROOT).text
    assert "+6281234567890" not in page
    house.clock.advance(1_000)
    late = citizen.post(ROOT, data={"contact": "lain@contoh.id"})
    assert late.status_code == 401
    assert "Keluar, lalu masuk lagi" in late.text


def test_two_citizens_do_not_come_in_by_one_address(house: House, citizen: Browser) -> None:
    assert add(house, citizen, "sri@contoh.id") == ROOT
    other = house.browser()
    page = other.post("/masuk/warga", data={"contact": "0813 1111 2222"}).text
    form = {"asked": hidden(page, "asked"), "contact": "0813 1111 2222", "code": house.sent.codes[-1][1]}
    assert other.post("/masuk/warga/kode", data=form).status_code == 303
    assert "dipakai orang lain" in add(house, other, "sri@contoh.id")
