"""The city's sign-on, by a real OpenID provider: code, PKCE, state and nonce, right and wrong."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from city.db import Database
from city.identity.caller import SYSTEM
from runtime.clock import Fake, System
from tests.fixtures.signon import CLIENT, SECRET, Issuer, provider
from tests.web.account.conftest import ORIGIN, Browser, House
from web.account.errors import Declined
from web.account.oidc import SignOn
from web.account.settings import Oidc
from web.account.signon import RETURNS


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with provider(f"{ORIGIN}{RETURNS}") as found:
        yield found


@pytest.fixture
def settings(issuer: Issuer, tmp_path: Path) -> Oidc:
    (tmp_path / "secret").write_text(SECRET)
    return Oidc(issuer=issuer.url, client=CLIENT, secret_file=tmp_path / "secret")


@pytest.fixture
def house(db: Database, settings: Oidc) -> House:
    return House(db, Fake(System().now()), oidc=settings)  # the provider goes by the machine's clock


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def invite(house: House, login: str) -> str:
    return house.identity.people.invite(SYSTEM, name=login.title(), login=login).person.id


def go(browser: Browser, issuer: Issuer, place: str = "") -> str:
    """Start here, pass the provider, and be sent back: the address with the provider's answer."""
    answer = browser.get("/masuk/kota", params={"next": place})
    assert answer.status_code == 303
    return issuer.visit(answer.headers["location"])


def test_who_the_city_vouches_for_is_in(house: House, browser: Browser, issuer: Issuer) -> None:
    person = invite(house, "sri")
    issuer.names("sri", "pwd", "mfa")
    answer = browser.get(go(browser, issuer, "/akun"))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/akun"
    assert "imm-sign-on" not in browser.cookies
    page = browser.get("/akun").text
    assert "Sri" in page
    assert "Faktor kedua sudah ditunjukkan" in page
    (account,) = house.identity.accounts.of(house.identity.doors.caller(browser.cookies["imm-session"]))  # type: ignore[arg-type]
    assert (account.issuer, account.subject, account.person) == (issuer.url, "sri", person)


def test_without_a_second_factor_there_ours_is_asked_for(
    house: House, browser: Browser, issuer: Issuer
) -> None:
    invite(house, "sri")
    issuer.names("sri", "pwd")
    answer = browser.get(go(browser, issuer, "/akun"))
    assert answer.headers["location"] == "/akun/mulai"
    assert browser.get("/meja").headers["location"] == "/masuk/faktor?next=%2Fmeja"


def test_who_has_no_account_here_gets_none(browser: Browser, issuer: Issuer) -> None:
    issuer.names("stranger", "mfa")
    answer = browser.get(go(browser, issuer))
    assert answer.status_code == 400
    assert "no account here" in answer.text
    assert "imm-session" not in browser.cookies


def test_a_refusal_there_is_told(browser: Browser, issuer: Issuer) -> None:
    issuer.refuses()
    answer = browser.get(go(browser, issuer))
    assert answer.status_code == 400
    assert "the person said no" in answer.text


def test_another_browser_cannot_finish_it(house: House, browser: Browser, issuer: Issuer) -> None:
    invite(house, "sri")
    issuer.names("sri", "mfa")
    back = go(browser, issuer)
    other = house.browser()
    assert other.get(back).status_code == 400
    other.get("/masuk/kota")
    answer = other.get(back)
    assert answer.status_code == 400
    assert "something else than was asked" in answer.text
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400  # and not twice


def test_a_code_without_its_verifier_or_nonce_is_nothing(
    house: House, browser: Browser, issuer: Issuer, settings: Oidc
) -> None:
    invite(house, "sri")
    sign_on = SignOn(settings, returns=f"{ORIGIN}{RETURNS}", clock=System())
    for field in ("verifier", "nonce"):
        issuer.names("sri", "mfa")
        address, attempt = sign_on.start("/")
        query = dict(httpx2.URL(issuer.visit(address)).params)
        changed = msgspec.structs.replace(attempt, **{field: getattr(attempt, field)[::-1]})
        with pytest.raises(Declined):
            sign_on.finish(query, changed)


def test_somebody_who_is_in_links_his_account(house: House, browser: Browser, issuer: Issuer) -> None:
    browser.enter(house.somebody("sri"))
    issuer.names("sri.wahyuni", "pwd")
    answer = browser.get(go(browser, issuer, "/akun/faktor"))
    assert answer.headers["location"] == "/akun/faktor"
    page = browser.get("/akun/faktor").text
    assert "sri.wahyuni" in page
    other = house.browser()
    issuer.names("sri.wahyuni", "hwk")
    assert other.get(go(other, issuer, "/akun")).headers["location"] == "/akun"
    form = dict(re.findall(r'type="hidden" name="(issuer|subject)" value="([^"]+)"', page))
    assert browser.post("/akun/faktor/kota/lepas", data=form).headers["location"] == "/akun/faktor"
    assert other.get(go(other, issuer)).status_code == 400


def test_an_issuer_that_is_away_leaves_the_password(db: Database, tmp_path: Path) -> None:
    house = House(db, Fake(), oidc=Oidc(issuer="http://127.0.0.1:9", client=CLIENT, wait=2))
    answer = house.browser().get("/masuk/kota")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "akun kota" in house.browser().get("/masuk").text
