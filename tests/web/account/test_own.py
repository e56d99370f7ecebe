"""One's own account: profile, sessions, factors."""

import re

import pyotp
import pytest

from city.identity.caller import SYSTEM
from city.identity.model import UnitKind
from tests.web.account.conftest import Browser, House
from web.account.texts import browser as called

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def test_the_profile_tells_what_one_may(house: House, browser: Browser) -> None:
    house.identity.units.add(SYSTEM, id="dishub", kind=UnitKind.AGENCY, name="Dinas Perhubungan")
    browser.enter(house.somebody("sri", "tangi/officer", unit="dishub"))
    page = browser.get("/akun").text
    assert "Petugas" in page
    assert "Dinas Perhubungan" in page
    assert 'href="/akun"' in page
    assert ">Sri</a>" in page  # in the header of every page


def test_the_language_of_messages(house: House, browser: Browser) -> None:
    browser.enter(house.somebody("sri"))
    revision = re.search(r'name="revision" value="(\d+)"', browser.get("/akun").text)
    assert revision
    form = {"language": "en", "revision": revision[1]}
    assert browser.post("/akun", data=form).headers["location"] == "/akun?lang=en"
    assert "Language of messages" in browser.get("/akun?lang=en").text
    assert browser.post("/akun", data=form).status_code == 412  # somebody was quicker: oneself, here
    assert browser.post("/akun", data={**form, "language": "xx"}).headers["location"] == "/akun"


@pytest.mark.parametrize(
    "agent, words",
    [
        (FIREFOX, "Firefox · Linux"),
        (EDGE, "Edge · Windows"),
        (PHONE, "Chrome · Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browsers_by_the_names_that_people_know(agent: str, words: str) -> None:
    assert called(agent) == words


def test_ending_a_session_of_somebody_else_needs_a_role(house: House, browser: Browser) -> None:
    sri, budi = house.somebody("sri"), house.somebody("budi")
    browser.enter(sri)
    (session,) = house.identity.doors.of(budi.caller)
    assert browser.post(f"/akun/sesi/{session.id}/akhiri").status_code == 403
    assert house.identity.doors.caller(budi.token)


def test_ending_the_session_that_asks_signs_out(house: House, browser: Browser) -> None:
    sri = house.somebody("sri")
    browser.enter(sri)
    mine = re.findall(r'action="(/akun/sesi/[\w-]+/akhiri)"', browser.get("/akun/sesi").text)
    for action in mine:
        browser.post(action)
    assert "imm-session" not in browser.cookies
    assert browser.get("/akun").status_code == 303


def test_a_second_app_and_the_last_one_stays(house: House, browser: Browser) -> None:
    browser.enter(house.somebody("sri"))
    assert "Satu-satunya" in browser.get("/akun/faktor").text
    page = browser.post("/akun/faktor/aplikasi", data={"label": "Tablet <b>"}).text
    secret = re.search(r'class="key">(\w+)<', page)
    factor = re.search(r'action="(/akun/faktor/aplikasi/[\w-]+)"', page)
    assert secret
    assert factor
    code = pyotp.TOTP(secret[1]).at(house.clock.now() // 1_000_000)
    assert browser.post(factor[1], data={"code": code}).headers["location"] == "/akun/faktor"
    page = browser.get("/akun/faktor").text
    assert "Tablet &lt;b&gt;" in page
    removals = re.findall(r'action="(/akun/faktor/[\w-]+/hapus)"', page)
    assert len(removals) == 2
    assert browser.post(removals[0]).headers["location"] == "/akun/faktor"
    assert browser.post(removals[1]).status_code == 409
    assert browser.post("/akun/faktor/nothing/hapus").status_code == 404


def test_a_broken_passkey_is_refused_in_words(house: House, browser: Browser) -> None:
    browser.enter(house.somebody("sri"))
    asked = browser.post("/akun/faktor/kunci/tanya").json()
    assert asked["options"]["rp"]["id"] == "localhost"
    assert asked["options"]["authenticatorSelection"]["userVerification"] == "required"
    for credential in ("", "[]", "{}", '{"id": "x", "response": {}}'):
        form = {"label": "Laptop", "challenge": asked["id"], "credential": credential}
        answer = browser.post("/akun/faktor/kunci", data=form)
        assert answer.status_code == 401
        assert "Kunci sandi ini tidak cocok" in answer.text
    stranger = house.browser()
    asked = stranger.post("/masuk/kunci/tanya").json()
    assert "allowCredentials" not in asked["options"] or not asked["options"]["allowCredentials"]
    answer = stranger.post("/masuk/kunci", data={"challenge": asked["id"], "credential": "{}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path", ["/akun", "/akun/sesi", "/akun/faktor", "/akun/sandi", "/akun/kode", "/akun/mulai"]
)
def test_nobody_has_no_account(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/masuk")
