"""One list of what happened to a device: nothing twice, nothing left out, the newest first."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM
from contracts.commands import SetVolume
from contracts.instants import SECOND
from contracts.presence import Reason, State
from devices.pages import timeline
from devices.pages.timeline import Sort
from tests.devices.pages.conftest import Fleet


@pytest.fixture(scope="module")
def busy(fleet: Fleet) -> Fleet:
    """The first kiosk, to which something of each sort happened, much of it in the same instant."""
    parts = fleet.parts
    with parts.db.begin() as tx:
        parts.control.desk.issue(tx, SYSTEM, "kiosk-1", SetVolume(percent=30), why="Waktu salat")
        parts.control.shadows.change(tx, SYSTEM, "kiosk-1", {"volume": 20}, why="Malam", seen=None)
        parts.control.shadows.change(tx, SYSTEM, "kiosk-1", {"period": 5}, why="Uji", seen=None)
    for state, reason in ((State.ONLINE, Reason.NONE), (State.OFFLINE, Reason.LOST)) * 3:
        fleet.seen("kiosk-1", state, reason, age=SECOND)
    return fleet


def everything(fleet: Fleet, sort: Sort | None = None, limit: int = 3) -> list[timeline.Happening]:
    """All pages put together."""
    found: list[timeline.Happening] = []
    before = None
    with fleet.parts.db.read() as tx:
        while part := timeline.page(tx, "kiosk-1", sort=sort, before=before, limit=limit):
            assert len(part) <= limit
            found += part
            before = part[-1].place
    return found


def test_pages_hold_everything_once(busy: Fleet) -> None:
    whole = everything(busy, limit=1_000)
    assert [one.place for one in whole] == sorted((one.place for one in whole), reverse=True)
    assert {one.sort for one in whole} == {Sort.PRESENCE, Sort.COMMANDS, Sort.SHADOW, Sort.REGISTRY}
    for limit in (1, 2, 3, 7):
        assert [one.place for one in everything(busy, limit=limit)] == [one.place for one in whole]


def test_each_sort_alone(busy: Fleet) -> None:
    whole = everything(busy, limit=1_000)
    for sort in Sort:
        alone = everything(busy, sort)
        assert [one.place for one in alone] == [one.place for one in whole if one.sort is sort]
    keys = [one.what.keys for one in everything(busy, Sort.SHADOW) if isinstance(one.what, timeline.Wish)]
    assert keys == [("period",), ("volume",)]


def test_the_page_says_it_in_words(busy: Fleet, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    page = client.get("/perangkat/kiosk-1/riwayat").text
    for words in (
        "Sambungannya putus tanpa pamit.",
        "Atur keras suara: Menunggu",
        "menunggu sampai perangkat tersambung",
        'versi 2: <span class="id">period</span>',
        "Terdaftar",
    ):
        assert words in page, words
    alone = client.get("/perangkat/kiosk-1/riwayat?sort=shadow").text
    assert "Sambungannya putus" not in alone
    monkeypatch.setattr("devices.pages.device._PAGE", 4)
    titles, address = 0, "/perangkat/kiosk-1/riwayat?sort=presence"
    while address:
        page = client.get(address).text
        titles += page.count("<h3>")
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(more[1]) if more else ""
    assert titles == len(everything(busy, Sort.PRESENCE))
    assert client.get("/perangkat/nowhere/riwayat").status_code == 404


def test_the_devices_page_says_how_it_is_known(busy: Fleet, client: TestClient) -> None:
    page = client.get("/perangkat/kiosk-1").text
    assert "Sambungannya putus tanpa pamit." in page
    assert "Selesai bila tersambung lagi." in page
    assert "Seluruh riwayat" in page
    page = client.get("/perangkat/kiosk-4").text
    assert "Pemeliharaan" in page
    assert 'id="kehadiran"' not in client.get("/perangkat/kiosk-5").text, (
        "nobody waits for one that is planned"
    )
