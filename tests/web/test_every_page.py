"""Every page that a router answers, in a real Chromium: both languages, day and night, at a desk, on a phone.

The list of pages is read from the router. A page whose address has parts to fill in needs a line in SAMPLES:
a new one without it fails here, so that none is forgotten.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect

from contracts.instants import SECOND
from contracts.judgements import Severity
from contracts.series import Last, Series
from contracts.topics import Kind
from tests.fixtures.served import Served
from tests.fixtures.stage import alert

LIMIT = 30_000  # ms
DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=320, height=640)
SAMPLES = {
    "/bagian/{name}": "",  # a part of the first page, which shows all of them
    "/insiden/{number}": "/insiden/{incident}",
    "/link/{token}": "/link/none",
}
NOBODY = {"/masuk", "/masuk/warga", "/link/none"}  # pages for who is not signed in
NEWCOMER = {"/akun/mulai"}  # for who has no second factor yet
HALFWAY = {"/masuk/faktor"}  # for who has shown his password
FILES = {"/gaya/wilayah"}  # no pages: what pages fetch
SEEN = ["color-contrast"]  # what changes with the theme
SMALL = ["color-contrast", "target-size", "scrollable-region-focusable"]  # what changes with the size


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
    for route in iter_route_contexts(city.server.config.app.routes):  # type: ignore[union-attr]  # a FastAPI
        path = route.path_format or ""
        if "GET" not in (route.methods or ()) or path.startswith("/api/") or path in FILES:
            continue
        if getattr(route.original_route, "include_in_schema", True):
            continue  # of the API or health: no page
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


class Eye:
    """Looks at a page with axe-core, and notes what is wrong."""

    def __init__(self, city: Served, context: BrowserContext, script: str) -> None:
        self.city = city
        self.context = context
        self.page = page = context.new_page()
        self.script = script
        self.wrong: list[Any] = []
        self.said: list[str] = []  # in the browser's console, by the content security policy least of all
        page.on("console", lambda message: self.said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))

    def open(self, path: str, choice: str, size: ViewportSize) -> None:
        self.context.clear_cookies(name="imm-session")
        if path not in NOBODY:
            session = {
                **dict.fromkeys(NEWCOMER, self.city.newcomer),
                **dict.fromkeys(HALFWAY, self.city.halfway),
            }
            self.city.let_in(self.context, session.get(path))
        self.page.set_viewport_size(size)
        answer = self.page.goto(f"{self.city.address}{path}?{choice}")
        assert answer
        assert answer.url.removeprefix(self.city.address).startswith(path), "it shows another page"
        self.page.evaluate(self.script)

    def look(self, where: str, rules: list[str] | None = None) -> None:
        found = self.page.evaluate("(rules) => looks.axe(rules)", rules)
        self.wrong += [(self.page.url, where, *one) for one in found]

    def hold(self) -> None:
        """What a small screen and a finger need."""
        self.wrong += [(self.page.url, "too low to press", one) for one in self.page.evaluate("looks.low()")]
        if (width := self.page.evaluate("looks.wide()")) > PHONE["width"]:
            self.wrong.append((self.page.url, "scrolls sideways", width))

    def tab(self) -> None:
        self.wrong += [(self.page.url, "shows no focus", one) for one in self.page.evaluate("looks.unseen()")]


@pytest.fixture
def eye(city: Served, browser: Browser, root: Path) -> Iterator[Eye]:
    axe = (root / "web/frontend/node_modules/axe-core/axe.min.js").read_text()
    context = browser.new_context(has_touch=True, reduced_motion="reduce")
    context.set_default_timeout(LIMIT)
    eye = Eye(city, context, axe + (root / "tests/web/looks.js").read_text())
    yield eye
    context.close()
    assert eye.wrong == []
    told = ("/nowhere", "/link/none")  # there the browser tells of the status
    assert [one for one in eye.said if not any(path in one for path in told)] == []


def test_nobody_is_shut_out(city: Served, eye: Eye) -> None:
    pages = addresses(city)
    assert {"/", "/gaya", "/gaya/tanya", "/insiden"} <= set(pages)
    for path in (*pages, "/nowhere"):
        eye.open(path, "theme=light&lang=id", DESK)
        eye.look("desk, day")
        eye.tab()
        eye.page.evaluate("looks.theme('night')")
        eye.look("desk, night", SEEN)
        eye.page.set_viewport_size(PHONE)
        eye.look("phone, night", SMALL)
        eye.page.evaluate("looks.theme('light')")
        eye.look("phone, day", SMALL)
        eye.hold()


def test_nor_in_english(city: Served, eye: Eye) -> None:
    for path in (*addresses(city), "/nowhere"):
        eye.open(path, "theme=night&lang=en", PHONE)
        assert eye.page.locator("html").get_attribute("lang") == "en"
        eye.look("phone, night")
        eye.hold()
        eye.page.evaluate("looks.theme('light')")
        eye.page.set_viewport_size(DESK)
        eye.look("desk, day", SEEN)


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
