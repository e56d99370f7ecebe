"""In a real Chromium: from the first administrator's link to an app's key that works, and out again."""

import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from app.commands.admin import admin
from tests.fixtures import house
from tests.fixtures.port import listen, serving
from tests.fixtures.whole import Whole

LIMIT = 30_000  # ms within which an effect must appear
PASSWORD = "kereta api 7 pagi"
expect.set_options(timeout=LIMIT)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, str]]:
    """The whole application on a port of its own, with nobody in it."""
    folder = tmp_path_factory.mktemp("platform")
    bound, address = listen()
    whole = Whole(folder, address=address)
    (folder / "imm.toml").write_text(f'data = "{folder}"\n[identity]\naddress = "{address}"\n')
    with serving(whole.app(whole.parts.account.resolve), bound):
        yield whole, address


def first_link(whole: Whole, address: str) -> str:
    """What `imm admin invite` prints."""
    options = ["--login", "ratna", "--name", "Ratna", "--role", "platform/admin", "--role", "platform/viewer"]
    config = whole.parts.settings.data / "imm.toml"
    done = CliRunner().invoke(admin, ["invite", *options], obj=config)
    assert done.exit_code == 0, done.output
    found = re.search(rf"{address}/link/[\w-]+", done.output)
    assert found, done.output
    return found[0]


def new_page(browser: Browser) -> Page:
    page = browser.new_context(locale="id-ID", viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(LIMIT)
    return page


def come_in(page: Page, link: str) -> None:
    """By a one-time link to a password, a code app and recovery codes."""
    page.goto(link)
    page.get_by_role("button", name="Lanjut").click()
    page.get_by_label("Kata sandi baru").fill(PASSWORD)
    page.get_by_label("Sekali lagi").fill(PASSWORD)
    page.get_by_role("button", name="Lanjut").click()
    page.get_by_role("button", name="Pakai aplikasi kode").click()
    expect(page.locator("svg.qr")).to_be_visible()
    page.get_by_text("Tidak bisa memindai?").click()
    page.locator("input[name=code]").fill(pyotp.TOTP(page.locator(".key").inner_text()).now())
    page.get_by_role("button", name="Konfirmasi").click()
    page.get_by_role("button", name="Tampilkan kode baru").click()
    expect(page.locator(".codes code")).to_have_count(10)
    page.get_by_role("link", name="Sudah saya catat").click()


def key_of_an_app(page: Page, address: str) -> str:
    """An app with a role; its key."""
    page.goto(f"{address}/kelola/aplikasi/baru")
    page.locator("input[name=name]").fill("Peta")
    page.get_by_role("button", name="Simpan").click()
    give(page, "tangi/observer")
    page.locator("input[name=label]").fill("server")
    page.get_by_role("button", name="Buat kunci ini").click()
    return page.locator(".secret").inner_text()


def invite(page: Page, address: str) -> str:
    """Somebody with a role; the link for him."""
    page.goto(f"{address}/kelola/orang/baru")
    page.locator("input[name=name]").fill("Budi")
    page.locator("input[name=login]").fill("Budi!")
    page.get_by_role("button", name="Buat akun").click()
    expect(page.locator("#form-login-fault")).to_be_visible()
    expect(page.get_by_role("alert", name="Ada yang belum benar")).to_be_focused()
    expect(page.locator("input[name=name]")).to_have_value("Budi")  # what was typed stays
    expect(page.locator("input[name=login]")).to_have_value("Budi!")
    page.locator("input[name=login]").fill("budi")
    page.get_by_role("button", name="Buat akun").click()
    link = page.locator(".secret").inner_text()
    page.get_by_role("link", name="Beri peran").click()
    give(page, "platform/viewer")
    expect(page.locator("#peran")).to_contain_text("Pengamat")
    return link


def give(page: Page, role: str) -> None:
    page.locator("select[name=role]").select_option(role)
    page.get_by_role("button", name="Beri peran ini").click()
    expect(page.locator("#peran tbody tr")).to_have_count(1)


def with_passkeys(page: Page) -> None:
    """From now on the browser has an authenticator of its own, with a finger that is always on it."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_from_the_first_link_to_a_key_and_out_again(platform: tuple[Whole, str], browser: Browser) -> None:
    whole, address = platform
    link = first_link(whole, address)
    page, his = new_page(browser), new_page(browser)
    come_in(page, link)
    expect(page.get_by_role("heading", name="Bima sekarang")).to_be_visible()

    known = {"Authorization": f"Bearer {key_of_an_app(page, address)}"}
    assert httpx.get(f"{address}/api/v1/incidents", headers=known).status_code == 200
    assert httpx.get(f"{address}/api/v1/people", headers=known).status_code == 403

    with_passkeys(his)
    his.goto(invite(page, address))
    his.get_by_role("button", name="Lanjut").click()
    his.get_by_role("link", name="Pakai kunci sandi saja").click()
    his.get_by_role("button", name="Buat kunci sandi").click()
    expect(his.get_by_role("heading", name="Kode pemulihan")).to_be_visible()
    his.goto(f"{address}/akun")
    his.get_by_role("button", name="Keluar").click()
    his.goto(f"{address}/insiden")
    his.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(his).to_have_url(f"{address}/insiden")

    his.goto(f"{address}/")
    expect(his.locator("[data-when-line=open]")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Keluarkan di semua tempat").click()
    expect(his).to_have_url(re.compile("/masuk"))  # the next part that refreshes itself finds the door closed
    page.context.close()
    his.context.close()


def test_a_site_is_moved_by_a_press_on_the_map(platform: tuple[Whole, str], browser: Browser) -> None:
    whole, address = platform
    opened = house.let_in(whole.parts.db, whole.parts.identity, "Eka", "platform/operator")
    page = new_page(browser)
    page.context.add_cookies([{"name": "imm-session", "value": opened.token, "url": address}])
    page.goto(f"{address}/kelola/lokasi/baru")
    page.locator("input[name=id]").fill("pasar-kanoman")
    page.locator("input[name=title]").fill("Pasar Kanoman")
    before = page.locator("input[name=latitude]").input_value()
    page.locator("imm-map .canvas").click(position={"x": 200, "y": 60})
    expect(page.locator("input[name=latitude]")).not_to_have_value(before)
    moved = page.locator("input[name=latitude]").input_value()
    expect(page.locator("imm-map li")).to_have_attribute("data-lat", str(float(moved)))
    page.get_by_role("button", name="Simpan").click()
    expect(page).to_have_url(f"{address}/kelola/lokasi")
    (site,) = [one for one in whole.parts.atlas.sites() if one.id != "kota"]
    assert site.latitude == float(moved)
    page.context.close()
