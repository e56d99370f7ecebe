"""Components in a real Chromium: by keyboard, by touch, without JavaScript, with a server that fails."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.fixtures.served import Served
from tests.fixtures.stage import alert

LIMIT = 30_000  # ms
EXPECTED = ("status of 4", "ERR_FAILED", "Failed to fetch")  # said where a test refuses or cuts the line
PHONE = ViewportSize(width=320, height=640)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Nothing happens in it: what is tried here is the same everywhere."""
    served = Served(f"sqlite:///{tmp_path_factory.mktemp('city') / 'city.sqlite'}")
    served.start()
    yield served
    served.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="id-ID", reduced_motion="reduce")
    context.set_default_timeout(LIMIT)
    yield context
    context.close()


@pytest.fixture
def page(city: Served, context: BrowserContext) -> Iterator[Page]:
    """A page that stays on our address, and on which nothing is said in the browser's console."""
    page = context.new_page()
    said: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    yield page
    assert [one for one in said if not any(one_of in one for one_of in EXPECTED)] == []
    assert hosts == {urlsplit(city.address).netloc}


@pytest.mark.parametrize("script", [True, False])
def test_a_form_says_what_is_wrong_where_it_is(city: Served, browser: Browser, script: bool) -> None:
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, java_script_enabled=script, locale="id-ID"
    )
    page = context.new_page()
    page.goto(f"{city.address}/gaya/tanya")
    page.get_by_label("Nama lengkap").fill("Sri Wahyuni")
    page.get_by_label("Berapa orang").fill("banyak")
    page.get_by_label("Lampu jalan").tap()
    page.get_by_role("button", name="Kirim").tap()
    told = page.get_by_role("alert", name="Ada yang belum benar")
    expect(told).to_be_focused()
    expect(page).to_have_title("Salah: Coba satu · IMM Kota Cirebon")
    expect(told.get_by_role("link")).to_have_count(3)
    told.get_by_role("link", name="Berapa orang").tap()
    count = page.get_by_label("Berapa orang")
    expect(count).to_be_focused()
    expect(count).to_have_value("banyak")
    expect(count).to_have_accessible_description("Paling banyak 50 Salah: Tulis sebagai angka, misalnya 12")
    expect(page.get_by_label("Nama lengkap")).to_have_value("Sri Wahyuni")
    expect(page.get_by_label("Lampu jalan")).to_be_checked()
    count.fill("3")
    page.get_by_label("Kapan?").fill("2026-11-24T08:00")
    page.get_by_label("Apa yang terjadi?").fill("Lampu padam di Jalan Siliwangi")
    page.get_by_role("button", name="Kirim").tap()
    expect(page.get_by_role("heading", name="Terima kasih")).to_be_visible()
    context.close()


def test_nothing_is_sent_twice(city: Served, page: Page) -> None:
    page.goto(f"{city.address}/gaya/tanya")
    sent = page.evaluate(
        """() => {
          let sent = 0;
          addEventListener("submit", (event) => { sent += !event.defaultPrevented; event.preventDefault(); });
          const form = document.querySelector("form.form");
          form.noValidate = true;
          form.requestSubmit();
          form.requestSubmit();
          return sent;
        }"""
    )
    assert sent == 1


def test_a_button_that_fails_in_place_says_so(city: Served, context: BrowserContext, page: Page) -> None:
    city.let_in(context)
    city.alerts.alerts["alert-1"] = alert(city.clock, 1)
    page.goto(city.address)
    told = page.get_by_role("alert")
    expect(told).to_be_hidden()
    page.route("**/acknowledge", lambda route: route.fulfill(status=409))
    page.locator("#ack-alert-1").click()
    expect(told).to_contain_text("Itu tidak berhasil")
    page.unroute("**/acknowledge")
    page.route("**/acknowledge", lambda route: route.abort())  # the line is cut in this moment
    page.reload()
    page.locator("#ack-alert-1").click()
    expect(told).to_contain_text("coba sekali lagi")


def test_a_dialog_asks_and_gives_the_keyboard_back(city: Served, page: Page) -> None:
    page.goto(f"{city.address}/gaya")
    opener = page.locator("#dialog").get_by_role("link", name="Hapus")
    dialog = page.get_by_role("dialog", name="Hapus konsep ini?")
    for leave in ("Escape", "Enter"):
        opener.focus()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("button", name="Batal")).to_be_focused()
        page.keyboard.press(leave)
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()


def test_without_javascript_a_dialog_is_a_page_and_drawings_are_lists(city: Served, browser: Browser) -> None:
    plain = browser.new_context(java_script_enabled=False, locale="id-ID")
    page = plain.new_page()
    page.goto(f"{city.address}/gaya")
    expect(page.locator(".places li")).to_have_count(5)
    expect(page.locator(".places")).to_contain_text("Stadion Bima 430")
    page.get_by_text("Sebagai tabel").click()
    expect(page.locator("imm-chart tbody tr")).to_have_count(48)
    expect(page.locator("imm-chart tbody tr").nth(18)).to_contain_text("–")
    page.locator("#dialog").get_by_role("link", name="Hapus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ceritakan apa yang terjadi")
    plain.close()


def test_a_map_needs_nothing_from_elsewhere(city: Served, page: Page) -> None:
    page.goto(f"{city.address}/gaya")
    marks = page.locator("imm-map .mark")
    expect(marks).to_have_count(5)
    expect(page.locator("imm-map path.area")).to_have_count(1)
    expect(page.locator("imm-map path.graticule").first).to_be_attached()
    page.get_by_role("button", name="Stadion Bima").focus()
    page.keyboard.press("Enter")
    told = page.locator("imm-map .leaflet-popup")
    expect(told).to_contain_text("Stadion Bima")
    expect(told.get_by_role("link", name="Stadion Bima")).to_be_visible()
    expect(told.get_by_role("link", name="Stadion Bima")).to_be_focused()
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    expect(page.get_by_role("button", name="Stadion Bima")).to_be_focused()
    page.get_by_role("button", name="Perbesar").click()
    page.locator(".places li").last.evaluate("(one) => one.remove()")  # as a live page would
    expect(marks).to_have_count(4)


def test_a_map_says_which_part_is_missing(city: Served, page: Page) -> None:
    page.route("**/gaya/wilayah", lambda route: route.abort())
    page.goto(f"{city.address}/gaya")
    expect(page.locator("imm-map")).to_contain_text("Batas wilayah tidak dapat diambil")
    expect(page.locator("imm-map .mark")).to_have_count(5)


def test_a_chart_is_drawn_anew_in_the_colours_of_the_night(city: Served, page: Page) -> None:
    page.goto(f"{city.address}/gaya")
    drawing = page.get_by_role("img", name="Orang dalam satu jam")
    expect(drawing).to_be_visible()
    canvas = page.locator("imm-chart canvas")
    day = canvas.evaluate("(one) => one.toDataURL()")
    page.emulate_media(color_scheme="dark")
    expect(canvas).to_be_visible()
    page.wait_for_function("(day) => document.querySelector('imm-chart canvas').toDataURL() !== day", arg=day)
    page.set_viewport_size(PHONE)
    page.wait_for_function("document.querySelector('imm-chart .uplot').offsetWidth < 320")
