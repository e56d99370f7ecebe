"""The pages in a real Chromium: live, without JavaScript, day and night; tests/web looks at all of them."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from contracts.alerts import State
from contracts.instants import SECOND
from contracts.judgements import Severity
from contracts.series import Last, Series
from contracts.topics import Kind
from tests.fixtures.served import Served
from tests.fixtures.stage import alert

LIMIT = 30_000  # ms within which an effect must appear
expect.set_options(timeout=LIMIT)


@pytest.fixture
def full(served: Served) -> Served:
    """A city in which everything happens at once."""
    now = served.clock.now()
    for number, age in enumerate((1, 1, 500)):
        device = f"kiosk-{number}"
        served.roster.add(device, Kind.KIOSK, f"Kios {number}")
        series = Series(site="bima", kind=Kind.KIOSK, device=device, metric="cpu.utilization", unit="/")
        served.series.lasts.append(Last(series=series, time=now - age * SECOND, value=0.25))
    served.roster.add("cctv-1", Kind.CCTV, "CCTV simpang")
    for number, severity in enumerate(Severity):
        served.say("firing", alert(served.clock, number, severity=severity))
    return served


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="id-ID", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(LIMIT)
    served.let_in(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may be said in the browser's console, by the policy least of all."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []


def test_what_happens_appears_without_a_reload(served: Served, page: Page) -> None:
    page.goto(served.address)
    expect(page.locator("[data-when-line=open]")).to_be_visible()
    expect(page.locator("#alerts")).to_contain_text("Semua tenang")
    page.evaluate("window.same = true")
    one = alert(served.clock, 1, severity=Severity.SEVERE)
    served.say("firing", one)
    expect(page.locator("#alerts .row")).to_contain_text("Kerumunan di luar kebiasaan")
    number = opened(served)
    expect(page.locator(f"#incident-{number}")).to_contain_text("P2")
    served.say("resolved", msgspec.structs.replace(one, state=State.RESOLVED, resolved=served.clock.now()))
    expect(page.locator("#alerts")).to_contain_text("Semua tenang")
    expect(page.locator(f"#incident-{number}")).to_contain_text("peringatan sudah reda")
    assert page.evaluate("window.same") is True


def test_buttons_act_in_place_and_keep_the_keyboard(served: Served, page: Page) -> None:
    served.say("firing", alert(served.clock, 1))
    number = opened(served)
    page.goto(served.address)
    page.evaluate("window.same = true")
    take_on = page.locator(f"#ack-{number}")
    take_on.focus()
    page.keyboard.press("Enter")
    row = page.locator(f"#incident-{number}")
    expect(row).to_contain_text("Ditangani · Sri Wahyuni")
    expect(row.get_by_role("link", name="Selesaikan")).to_be_visible()
    page.locator("#ack-alert-1").click()
    expect(page.locator("#alerts .row")).to_contain_text("Dilihat")
    expect(page.locator("#alerts .row .button")).to_have_count(0)
    assert page.evaluate("window.same") is True


def test_what_a_person_types_survives_what_happens(served: Served, page: Page) -> None:
    one = alert(served.clock, 1, severity=Severity.MODERATE)
    served.say("firing", one)
    page.goto(f"{served.address}/insiden/{opened(served)}")
    reason = page.locator("textarea[name=reason]")
    reason.fill("dialihkan ke gerbang")
    served.say("updated", msgspec.structs.replace(one, severity=Severity.EXTREME))
    expect(page.locator("h1")).to_contain_text("P1")
    expect(reason).to_have_value("dialihkan ke gerbang")
    expect(reason).to_be_focused()
    page.keyboard.type(" barat")
    page.get_by_role("button", name="Selesaikan").click()
    expect(page.locator(".outcome")).to_contain_text("dialihkan ke gerbang barat")


def test_a_cut_line_is_said_and_mends_itself(served: Served, browser: Browser) -> None:
    context = browser.new_context(locale="id-ID")
    served.let_in(context)
    page = context.new_page()
    refused = {"cut": True}

    def answer(route: Route) -> None:
        if refused["cut"]:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/events*", answer)
    page.goto(served.address)
    expect(page.locator(".cut")).to_be_visible()
    expect(page.locator("[data-when-line=open]")).to_be_hidden()
    served.alerts.alerts["alert-1"] = alert(served.clock, 1)  # told to nobody: what was missed while cut
    refused["cut"] = False
    expect(page.locator("[data-when-line=open]")).to_be_visible()
    expect(page.locator("#alerts .row")).to_contain_text("Kerumunan")
    context.close()


def test_ages_grow_in_the_browser(served: Served, page: Page) -> None:
    served.roster.add("kiosk-1", Kind.KIOSK)
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="cpu.load")
    served.series.lasts = [Last(series=series, time=served.clock.now() - 3 * SECOND, value=1.0)]
    page.route("**/bagian/**", lambda route: route.fulfill(status=204))  # nobody refreshes
    page.goto(served.address)
    age = page.locator("#devices time")
    first = age.inner_text()
    assert first.endswith(" dtk")
    expect(age).not_to_have_text(first)
    expect(age).to_contain_text("dtk")


def test_without_javascript_everything_can_be_done(full: Served, browser: Browser) -> None:
    number = opened(full, 4)
    plain = browser.new_context(java_script_enabled=False, locale="id-ID")
    full.let_in(plain)
    page = plain.new_page()
    page.goto(full.address)
    expect(page.locator("#devices")).to_contain_text("Kios 2")
    expect(page.locator(".line")).to_contain_text("Keadaan")
    page.locator(f"#ack-{number}").click()
    expect(page.locator(f"#incident-{number}")).to_contain_text("Ditangani")
    assert page.url == f"{full.address}/"
    page.locator(f"#incident-{number}").get_by_role("link", name="Selesaikan").click()
    form = page.locator("form[action$=resolve]")
    form.locator("textarea").fill("aman")
    form.get_by_role("button").click()
    expect(page.locator(".outcome")).to_contain_text("aman")
    plain.close()


def test_night_follows_the_system_and_the_choice(served: Served, browser: Browser) -> None:
    dark = browser.new_context(color_scheme="dark", locale="id-ID")
    served.let_in(dark)
    page = dark.new_page()
    page.goto(served.address)
    night = _ground(page)
    page.get_by_role("link", name="Terang").click()
    expect(page.locator("html[data-theme=light]")).to_be_attached()
    light = _ground(page)
    page.get_by_role("link", name="Malam").click()
    expect(page.locator("html[data-theme=night]")).to_be_attached()
    assert _ground(page) == night != light
    dark.close()


def opened(served: Served, count: int = 1) -> str:
    """Wait for so many incidents; the number of the first."""
    for _ in range(LIMIT // 10):
        if len(found := served.tangi.incidents.working()) >= count:
            return min(incident.number for incident in found)
        time.sleep(0.01)
    pytest.fail(f"{count} incidents did not come")


def _ground(page: Page) -> str:
    page.wait_for_load_state("load")  # a document that is being replaced has no element yet
    color: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return color
