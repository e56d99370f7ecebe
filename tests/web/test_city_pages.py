"""Pages that the stage of test_every_page has not, on the whole application: none is left out."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import insert

from app.rulebook import shipped
from city.geography import Site
from city.identity.caller import SYSTEM, Grant
from city.identity.model import UnitKind
from city.outbox import letters
from city.outbox.letters import Letter
from city.schedule.clock import State
from city.schedule.tables import clocks
from city.webhooks.model import consumer
from contracts.commands import SetVolume
from contracts.topics import Kind
from devices.registry import Plan
from devices.selector import Selector
from runtime.clock import Fake
from tests.fixtures import house
from tests.fixtures.eye import DESK, PHONE, Eye, looking, pages
from tests.fixtures.port import listen, serving
from tests.fixtures.stage import Stage
from tests.fixtures.whole import Whole

SAMPLES = {
    "/aturan/{rule}": "/aturan/kiosk-hot",
    "/cek/{code}": "/cek/none",
    "/kendali/{device}": "/kendali/kiosk-01",
    "/peluncuran/{rollout}": "/peluncuran/{rollout}",
    "/kelola/aplikasi/{app}": "/kelola/aplikasi/{app}",
    "/kelola/lokasi/{site}": "/kelola/lokasi/bima",
    "/kelola/lokasi/{site}/hapus": "/kelola/lokasi/bima/hapus",
    "/kelola/webhook/{webhook}": "/kelola/webhook/{hook}",
    "/kelola/webhook/{webhook}/hapus": "/kelola/webhook/{hook}/hapus",
    "/kelola/orang/{person}": "/kelola/orang/{someone}",
    "/kelola/unit/{unit}": "/kelola/unit/dishub",
    "/hak/{person}": "/hak/{someone}",
    "/perangkat/{device}": "/perangkat/kiosk-1",
    "/perangkat/{device}/ubah": "/perangkat/kiosk-1/ubah",
    "/perangkat/{device}/riwayat": "/perangkat/kiosk-1/riwayat",
    "/perangkat/{device}/pemeliharaan": "/perangkat/kiosk-1/pemeliharaan",
    "/hak/{person}/hapus": "/hak/{someone}/hapus",
    "/operasi/surat/{letter}": "/operasi/surat/1",
    "/operasi/surat/ulangi": "/operasi/surat/ulangi?penerima=tangi",
}
# No pages: files, parts of pages, and what a browser runs in the background.
FILES = {
    "/aturan/{rule}/{report}.svg",
    "/berkas/{token}",
    "/pemberitahuan/lonceng",
    "/pemberitahuan/pekerja.js",
}
# There it tells of the status.
EXPECTED = ("/cek/none", "/kelola/orang/baru", "/kelola/webhook/baru", "/kelola/lokasi/baru")
LEADS = {"/kelola"}  # to another page


class City:
    """The whole application on a port, with something in each list."""

    def __init__(self, whole: Whole, address: str) -> None:
        self.whole = whole
        self.address = address
        parts = whole.parts
        now = parts.clock.now()
        self.someone = parts.identity.people.invite(SYSTEM, name="Dewi Lestari", login="dewi").person.id
        parts.identity.units.add(SYSTEM, id="dishub", kind=UnitKind.AGENCY, name="Dinas Perhubungan")
        parts.identity.units.add(
            SYSTEM, id="terminal", kind=UnitKind.FACILITY, name="Terminal", parent="dishub"
        )
        parts.identity.grants.give(
            SYSTEM, self.someone, Grant(role="viewer", programme="platform", unit="dishub"), why="uji coba"
        )
        self.app = self.program()
        parts.rulebook.ship(shipped(parts.settings.analytics.rules))
        self.rollout = self.change()
        with parts.db.begin() as tx:
            plan = Plan(device="kiosk-1", kind=Kind.KIOSK, site="bima", title="Kiosk timur")
            parts.fleet.registry.add(tx, SYSTEM, plan)
            parts.fleet.claims.make(tx, SYSTEM, plan.device)
        self.hook = self.subscription()
        with parts.db.begin() as tx:
            for id_, title, longitude in (
                ("bima", "Kawasan Bima", 108.5372),
                ("kanoman", "Pasar Kanoman", 108.567),
            ):
                parts.atlas.put(tx, Site(id=id_, title=title, longitude=longitude, latitude=-6.7383))
        self.sri = house.let_in(parts.db, parts.identity, "Sri Wahyuni")
        with parts.db.begin() as tx:
            for position in (1, 2):
                letter = Letter(
                    consumer="tangi",
                    position=position,
                    type="incident.opened",
                    subject=f"TGI-2026-00000{position}",
                    event='{"specversion":"1.0"}',
                    attempts=8,
                    error="422: unknown field",
                    parked=now,
                )
                letters.park(tx, letter)
            for key, state, error in (("a", State.PAUSED, ""), ("b", State.PARKED, "no such incident")):
                values: dict[str, object] = {
                    "kind": "tangi.due",
                    "key": key,
                    "due": now,
                    "calendar": "always",
                    "payload": {},
                    "every": None,
                    "state": state,
                    "wake": None,
                    "remaining": 1_000 if state == State.PAUSED else None,
                    "reason": "waits for the owner" if state == State.PAUSED else "",
                    "attempts": 8,
                    "error": error,
                    "changed": now,
                }
                tx.execute(insert(clocks).values(values))

    def change(self) -> str:
        """Id of a rollout that has begun; a device of it has commands too."""
        control = self.whole.parts.control
        with self.whole.parts.db.begin() as tx:
            control.desk.issue(tx, SYSTEM, "kiosk-01", SetVolume(percent=30), why="Waktu salat")
            control.shadows.change(tx, SYSTEM, "kiosk-01", {"period": 5}, why="Uji coba", seen=None)
            chosen = Selector(devices=("kiosk-01",))
            return control.rollouts.start(
                tx, SYSTEM, chosen, {"volume": 30}, title="Lebih pelan", why="Keluhan warga"
            ).id

    def subscription(self) -> str:
        """Id of a webhook of the platform's own whose receiver refused something."""
        parts = self.whole.parts
        with parts.db.begin() as tx:
            hook, _ = parts.webhooks.add(tx, SYSTEM, url="https://peta.example.org/imm", title="Peta Cirebon")
            letter = Letter(
                consumer=consumer(hook.id),
                position=7,
                type="alert.firing",
                subject="alert-7",
                event="{}",
                attempts=8,
                error="422: unknown field `severity`",
                parked=parts.clock.now(),
            )
            letters.park(tx, letter)
            parts.webhooks.pause(tx, SYSTEM, hook.id, reason="Pindah server")
        return hook.id

    def program(self) -> str:
        """Id of an app with a key that works and one that was revoked."""
        apps = self.whole.parts.identity.apps
        app = apps.add(SYSTEM, name="Peta Cirebon").id
        self.whole.parts.identity.grants.give(SYSTEM, app, Grant(role="observer", programme="tangi", unit=""))
        apps.make_key(SYSTEM, app, label="server peta", scopes=["tangi.incidents.read"])
        old = apps.make_key(SYSTEM, app, label="tablet", scopes=["tangi.incidents.read"])
        apps.revoke(SYSTEM, old.key.id)
        return app


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    bound, address = listen()
    whole = Whole(tmp_path_factory.mktemp("city"), address=address)
    city = City(whole, address)
    with serving(whole.app(whole.parts.account.resolve), bound):
        yield city
    asyncio.run(whole.parts.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def addresses(city: City, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """An address for each page that the stage has not."""
    stage = Stage(f"sqlite:///{tmp_path_factory.mktemp('stage') / 'city.sqlite'}", Fake())
    known = pages(stage.app().routes)
    stage.close()
    found = pages(city.whole.app().routes) - known - FILES - LEADS
    assert [path for path in found if "{" in path and path not in SAMPLES] == [], "name samples for these"
    return sorted(
        SAMPLES.get(path, path).format(
            someone=city.someone, app=city.app, hook=city.hook, rollout=city.rollout
        )
        for path in found
    )


@pytest.fixture
def eye(browser: Browser, root: Path, city: City) -> Iterator[Eye]:
    with looking(browser, root, expected=EXPECTED) as eye:
        eye.context.add_cookies([{"name": "imm-session", "value": city.sri.token, "url": city.address}])
        yield eye


def test_nobody_is_shut_out(city: City, addresses: list[str], eye: Eye) -> None:
    assert {"/cek", "/operasi/surat", "/pemberitahuan"} <= set(addresses)
    for path in addresses:
        status = eye.open(f"{city.address}{path}{'&' if '?' in path else '?'}theme=light&lang=id", DESK)
        assert status == (404 if path == "/cek/none" else 200), path
        eye.inspect()


def test_nor_in_english(city: City, addresses: list[str], eye: Eye) -> None:
    for path in addresses:
        eye.open(f"{city.address}{path}{'&' if '?' in path else '?'}theme=light&lang=en", PHONE)
        eye.inspect_the_other_way()


def test_nor_by_what_forms_lead_to(city: City, eye: Eye) -> None:
    """Pages that no address shows: a secret shown once, and what is wrong with a form."""
    page = eye.page
    for path, typed, wanted in (
        ("/kelola/orang/baru", {"name": "Candra", "login": "candra"}, ".secret"),
        ("/kelola/orang/baru", {"name": "", "login": "Tidak boleh!"}, ".faults"),
        (f"/kelola/aplikasi/{city.app}", {"label": "ponsel"}, ".secret"),
        ("/kelola/webhook/baru", {"url": "https://peta.example.org/imm"}, ".secret"),
        ("/kelola/webhook/baru", {"url": "http://peta"}, ".faults"),
        ("/kelola/lokasi/baru", {"id": "pasar", "latitude": "utara"}, ".faults"),
    ):
        eye.open(f"{city.address}{path}?theme=light&lang=id", DESK)
        for name, value in typed.items():
            page.locator(f"input[name={name}]").last.fill(value)
        page.locator(f"form:has(input[name={next(iter(typed))}]) button").last.click()
        expect(page.locator(wanted)).to_be_visible()
        page.evaluate(eye.script)
        eye.inspect()


def test_the_navigation_shows_where_one_is(city: City, eye: Eye) -> None:
    eye.open(f"{city.address}/kelola/kalender", PHONE)
    here = eye.page.locator(".nav [aria-current]")
    expect(here).to_be_in_viewport(ratio=1)
    assert eye.page.evaluate("document.querySelector('.nav').scrollLeft") > 0  # it would not fit
