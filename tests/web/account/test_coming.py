"""Coming in: password and second factor, one-time link, recovery code; and going out."""

import re

import pytest

from city.identity.caller import SYSTEM
from tests.city.identity.cast import PASSWORD
from tests.web.account.conftest import ORIGIN, Browser, House


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def test_password_then_code(house: House, browser: Browser) -> None:
    sri = house.somebody("sri", "tangi/officer")
    answer = browser.get("/meja?all=true")
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk?next=%2Fmeja%3Fall%3Dtrue")
    page = browser.get(answer.headers["location"])
    assert 'name="next" value="/meja?all=true"' in page.text
    form = {"login": "sri", "password": PASSWORD, "next": "/meja?all=true"}
    answer = browser.post("/masuk", data=form)
    assert answer.headers["location"] == "/masuk/faktor?next=%2Fmeja%3Fall%3Dtrue"
    assert browser.get("/meja").headers["location"] == "/masuk/faktor?next=%2Fmeja"
    before = browser.cookies["imm-session"]
    answer = browser.post("/masuk/faktor", data={"kind": "totp", "code": sri.code(), "next": form["next"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/meja?all=true")
    assert browser.cookies["imm-session"] != before  # under a new token: who knew the old one has nothing
    assert browser.get("/meja").status_code == 403  # officers work, but do not read here
    assert browser.post("/meja").text == "done by Sri"


def test_a_wrong_password_says_nothing_of_the_account(house: House, browser: Browser) -> None:
    house.somebody("sri")
    wrong = browser.post("/masuk", data={"login": "sri", "password": "salah"})
    nobody = browser.post("/masuk", data={"login": "tidak-ada", "password": "salah"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace("sri", "") == nobody.text.replace("tidak-ada", "")
    assert 'value="sri"' in wrong.text
    assert "salah" not in wrong.text
    assert "imm-session" not in browser.cookies


def test_guessing_is_slowed(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    for _ in range(6):
        browser.post("/masuk", data={"login": "sri", "password": "salah"})
    answer = browser.post("/masuk", data={"login": "sri", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    house.clock.advance(3600)
    browser.post("/masuk", data={"login": "sri", "password": PASSWORD})
    for _ in range(6):
        browser.post("/masuk/faktor", data={"kind": "totp", "code": "000000"})
    answer = browser.post("/masuk/faktor", data={"kind": "totp", "code": "000000"})
    assert answer.status_code == 429
    assert "retry-after" in answer.headers
    assert browser.post("/masuk/faktor", data={"kind": "totp", "code": sri.code()}).status_code == 303


def test_a_code_is_taken_once(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    code = sri.code()
    form = {"kind": "totp", "code": code}
    browser.post("/masuk", data={"login": "sri", "password": PASSWORD})
    assert browser.post("/masuk/faktor", data=form).status_code == 303
    browser.post("/masuk", data={"login": "sri", "password": PASSWORD})
    answer = browser.post("/masuk/faktor", data=form)
    assert answer.status_code == 401
    assert "aria-invalid" in answer.text


def test_a_recovery_code_is_for_the_day_without_a_phone(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    browser.enter(sri)
    page = browser.post("/akun/kode").text
    codes = re.findall(r"<code>([a-z2-9-]{14})</code>", page)
    assert len(codes) == 10
    other = house.browser()
    other.post("/masuk", data={"login": "sri", "password": PASSWORD})
    assert other.post("/masuk/faktor", data={"kind": "recovery", "code": codes[3]}).status_code == 303
    other.post("/masuk", data={"login": "sri", "password": PASSWORD})
    answer = other.post("/masuk/faktor", data={"kind": "recovery", "code": codes[3]})
    assert answer.status_code == 401
    assert 'id="recovery-code"' in answer.text
    assert "recovery-code-fault" in answer.text


def test_from_a_link_to_a_first_factor(house: House, browser: Browser) -> None:
    invited = house.identity.people.invite(SYSTEM, name="Budi Santoso", login="budi")
    path = f"/link/{invited.link.token}"
    assert "Selamat datang" in browser.get(path).text
    assert browser.get(path).status_code == 200  # looking does not use it
    answer = browser.post(path)
    assert answer.headers["location"] == "/akun/mulai"
    assert browser.post("/masuk/faktor", data={"code": "1"}).headers["location"] == "/akun/mulai"
    short = browser.post("/akun/mulai", data={"password": "pendek", "again": "pendek"})
    assert short.status_code == 422
    assert "pendek" not in short.text
    differ = browser.post("/akun/mulai", data={"password": PASSWORD, "again": f"{PASSWORD}!"})
    assert "Kedua isian tidak sama" in differ.text
    answer = browser.post("/akun/mulai", data={"password": PASSWORD, "again": PASSWORD})
    assert answer.headers["location"] == "/akun/mulai?langkah=2"
    page = browser.post("/akun/faktor/aplikasi").text
    assert "<svg" in page
    secret = re.search(r'class="key">([A-Z2-7]{32})<', page)
    factor = re.search(r'action="(/akun/faktor/aplikasi/[\w-]+)"', page)
    assert secret
    assert factor
    wrong = browser.post(factor[1], data={"code": "000000"})
    assert wrong.status_code == 401
    assert secret[1] not in wrong.text
    import pyotp

    code = pyotp.TOTP(secret[1]).at(house.clock.now() // 1_000_000)
    answer = browser.post(factor[1], data={"code": code})
    assert answer.headers["location"] == "/akun/kode"
    assert "Kode pemulihan" in browser.get("/akun/kode").text
    assert browser.get("/akun").status_code == 200
    gone = house.browser().post(path)
    assert gone.status_code == 404
    assert "tidak berlaku lagi" in gone.text


def test_what_hurts_if_stolen_asks_for_the_factor_again(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    browser.enter(sri)
    house.clock.advance(1000)
    form = {"password": "gunung jati dan laut", "again": "gunung jati dan laut"}
    headers = {"referer": f"{ORIGIN}/akun/sandi"}
    answer = browser.post("/akun/sandi", data=form, headers=headers)
    assert answer.headers["location"] == "/masuk/faktor?next=%2Fakun%2Fsandi"
    browser.post("/masuk/faktor", data={"kind": "totp", "code": sri.code()})
    assert "sudah berlaku" in browser.post("/akun/sandi", data=form).text
    other = house.browser()
    assert other.post("/masuk", data={"login": "sri", "password": PASSWORD}).status_code == 401
    assert other.post("/masuk", data={"login": "sri", "password": form["password"]}).status_code == 303


def test_signing_out(house: House, browser: Browser) -> None:
    browser.enter(house.somebody("sri", "tangi/reader"))
    assert browser.get("/meja").text == "the desk of Sri"
    token = browser.cookies["imm-session"]
    answer = browser.post("/keluar")
    assert answer.headers["location"] == "/masuk"
    assert "imm-session" not in browser.cookies
    browser.cookies.set("imm-session", token)
    assert browser.get("/meja").status_code == 303  # the token is over too


def test_a_session_that_is_ended_elsewhere_is_over_at_once(house: House, browser: Browser) -> None:
    sri = house.somebody("sri", "tangi/reader")
    browser.enter(sri)
    other = house.browser()
    other.enter(sri)
    page = other.get("/akun/sesi").text
    assert page.count('id="session-') == 3  # the one of her first steps too
    assert other.post("/akun/sesi/akhiri").headers["location"] == "/akun/sesi"
    assert browser.get("/meja").status_code == 303
    assert other.get("/meja").status_code == 200


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "meja", "/meja\r\nx: y", "/" + "a" * 600],
)
def test_no_way_leads_off_the_site(house: House, browser: Browser, place: str) -> None:
    sri = house.somebody("sri")
    browser.post("/masuk", data={"login": "sri", "password": PASSWORD, "next": place})
    answer = browser.post("/masuk/faktor", data={"kind": "totp", "code": sri.code(), "next": place})
    assert answer.headers["location"] == "/"
    if len(place) <= 500:  # longer ones are refused
        assert browser.get("/masuk", params={"next": place}).headers["location"] == "/"


def test_cookies_are_for_this_host_and_no_script(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    browser.post("/masuk", data={"login": "sri", "password": PASSWORD})
    answer = browser.post("/masuk/faktor", data={"kind": "totp", "code": sri.code()})
    for name in ("imm-session", "imm-device"):
        (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(browser: Browser) -> None:
    headers = {"hx-request": "true", "hx-current-url": f"{ORIGIN}/meja?all=true"}
    answer = browser.get("/meja", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/masuk?next=%2Fmeja%3Fall%3Dtrue"
    headers["hx-current-url"] = "https://evil.example/meja"
    assert browser.get("/meja", headers=headers).headers["hx-redirect"] == "/masuk"
