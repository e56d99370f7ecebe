"""Citizens come in by a code to their phone or mailbox, and see what is for citizens."""

import re

import pytest

from city.identity.errors import Unsent
from tests.web.account.conftest import Browser, House


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def ask(browser: Browser, contact: str) -> dict[str, str]:
    """What the page that asks for the code sends with it."""
    answer = browser.post("/masuk/warga", data={"contact": contact, "next": "/akun"})
    assert answer.status_code == 200
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


@pytest.mark.parametrize(
    "contact, shown", [("0812 3456 7890", "+62•••890"), ("Siti@Contoh.id", "s•••@contoh.id")]
)
def test_a_first_code_makes_the_account(house: House, browser: Browser, contact: str, shown: str) -> None:
    answer = browser.post("/masuk/warga", data={"contact": contact})
    assert shown in answer.text
    hidden = ask(browser, contact)
    (_, code) = house.sent.codes[-1]
    answer = browser.post("/masuk/warga/kode", data={**hidden, "code": code})
    assert (answer.status_code, answer.headers["location"]) == (303, "/akun")
    page = browser.get("/akun").text
    assert "Warga" in page
    assert "Faktor kedua" not in page
    assert browser.get("/masuk/warga").headers["location"] == "/"
    assert browser.get("/meja").status_code == 403


def test_a_wrong_code_says_so_and_counts(house: House, browser: Browser) -> None:
    hidden = ask(browser, "081234567890")
    (_, code) = house.sent.codes[-1]
    for _ in range(5):
        answer = browser.post("/masuk/warga/kode", data={**hidden, "code": "x"})
        assert answer.status_code == 401
        assert "tidak cocok" in answer.text
        assert hidden["asked"] in answer.text
    assert browser.post("/masuk/warga/kode", data={**hidden, "code": code}).status_code == 401


@pytest.mark.parametrize("contact", ["", "satu", "0812", "a@b", "+1 2"])
def test_what_is_no_contact_is_said_at_its_field(browser: Browser, contact: str) -> None:
    answer = browser.post("/masuk/warga", data={"contact": contact})
    assert answer.status_code == 422
    assert "0812" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_too_many_codes_wait(browser: Browser) -> None:
    answers = [browser.post("/masuk/warga", data={"contact": "081234567890"}) for _ in range(8)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_gateway_that_is_away(house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(**_: str) -> None:
        raise Unsent("phone")

    monkeypatch.setattr(house.sent, "send", send)
    answer = browser.post("/masuk/warga", data={"contact": "081234567890"})
    assert answer.status_code == 503
    assert "tidak dapat dikirim" in answer.text
    assert 'value="081234567890"' in answer.text
