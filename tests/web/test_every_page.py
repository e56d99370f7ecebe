"""Every page that a router answers, in a real Chromium: both languages, day and night, at a desk, on a phone.

The list of pages is read from the router. A page whose address has parts to fill in needs a line in SAMPLES:
a new one without it fails here, so that none is forgotten.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from contracts.instants import SECOND
from contracts.judgements import Severity
from contracts.series import Last, Series
from contracts.topics import Kind
from tests.fixtures.eye import DESK, LIMIT, PHONE, Eye, looking, pages
from tests.fixtures.served import Served
from tests.fixtures.stage import alert

SAMPLES = {
    "/bagian/{name}": "",  # a part of the first page, which shows all of them
    "/insiden/{number}": "/insiden/{incident}",
    "/link/{token}": "/link/none",
}
NOBODY = {"/masuk", "/masuk/warga", "/link/none"}  # pages for who is not signed in
NEWCOMER = {"/akun/mulai"}  # for who has no second factor yet
HALFWAY = {"/masuk/faktor"}  # for who has shown his password
FILES = {"/gaya/wilayah"}  # no pages: what pages fetch


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city in which everything happens at once."""
    served = Served(f"sqlite:///{tmp_path_factory.mktemp('city') / 'city.sqlite'}")
    now = served.clock.now()
    for number, age in enumerate((1, 1, 500)):
        device = f"kiosk-{number}"
        served.roster.add(device, Kind.KIOSK, f"Kios {number}")
        series = Series(site="bima", kind=Kind.KIOSK, device=device, metric="cpu.utilization", unit="/")
        served.series.lasts.append(Last(series=series, time=now - age * SECOND, value=0.25))
    served.start()
    for number, severity in enumerate(Severity):
        served.say("firing", alert(served.clock, number, severity=severity))
    yield served
    served.stop()


def addresses(city: Served) -> list[str]:
    """An address for each page of the router."""
    found = []
    for path in pages(city.server.config.app.routes) - FILES:  # type: ignore[union-attr]  # a FastAPI
        assert "{" not in path or path in SAMPLES, f"name a sample for {path}"
        if address := SAMPLES.get(path, path):
            found.append(address.format(incident=incident(city)))
    return sorted(found)


def incident(city: Served) -> str:
    """Number of an incident, once all are there."""
    for _ in range(LIMIT // 10):
        if len(found := city.tangi.incidents.working()) == len(Severity):
            return found[0].number
        time.sleep(0.01)
    pytest.fail("the incidents did not come")


@pytest.fixture
def eye(browser: Browser, root: Path) -> Iterator[Eye]:
    with looking(browser, root, expected=("/nowhere", "/link/none")) as eye:  # there it tells of the status
        yield eye


def visit(city: Served, eye: Eye, path: str, choice: str, size: ViewportSize) -> None:
    """Open a page as somebody for whom it is."""
    eye.context.clear_cookies(name="imm-session")
    if path not in NOBODY:
        newcomer = dict.fromkeys(NEWCOMER, city.newcomer)
        city.let_in(eye.context, (newcomer | dict.fromkeys(HALFWAY, city.halfway)).get(path))
    eye.open(f"{city.address}{path}?{choice}", size)


def test_nobody_is_shut_out(city: Served, eye: Eye) -> None:
    found = addresses(city)
    assert {"/", "/gaya", "/gaya/tanya", "/insiden"} <= set(found)
    for path in (*found, "/nowhere"):
        visit(city, eye, path, "theme=light&lang=id", DESK)
        eye.inspect()


def test_nor_in_english(city: Served, eye: Eye) -> None:
    for path in (*addresses(city), "/nowhere"):
        visit(city, eye, path, "theme=light&lang=en", PHONE)
        assert eye.page.locator("html").get_attribute("lang") == "en"
        eye.inspect_the_other_way()


def test_the_keyboard_comes_first_to_the_content(city: Served, browser: Browser) -> None:
    context = browser.new_context()
    city.let_in(context)
    page = context.new_page()
    page.goto(city.address)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    context.close()
