"""The list and the map: who is in trouble stands first, and each filter and count tells the same."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, update

from city.db.lease import leases
from contracts.instants import DAY, SECOND
from contracts.presence import State
from devices.commands import records as commands
from devices.roles import READ
from tests.devices.conftest import engineer
from tests.devices.pages.conftest import Fleet
from tests.devices.test_api import as_

ROW = re.compile(r'<tr id="device-([^"]+)">')


def rows(client: TestClient, query: str = "") -> list[str]:
    """Devices of a page, in their order."""
    page = client.get(f"/perangkat{query}")
    assert page.status_code == 200
    return ROW.findall(page.text)


def test_the_worst_stands_first(client: TestClient) -> None:
    found = [one for one in rows(client) if one.startswith("kiosk-") and len(one) == len("kiosk-1")]
    assert found == ["kiosk-1", "kiosk-3", "kiosk-2", "kiosk-4", "kiosk-5"]
    assert rows(client)[2] in {"footfall-01", "kiosk-01", "wifi-01"}, "never seen, before those that are well"


def test_filters_and_counts(client: TestClient) -> None:
    assert rows(client, "?state=offline") == ["kiosk-1"]
    assert rows(client, "?state=maintained") == ["kiosk-4"]
    assert rows(client, "?site=kanoman&kind=kiosk") == ["kiosk-3", "kiosk-4", "kiosk-5"]
    assert rows(client, "?operator=Telkomsel&state=online") == ["kiosk-2"]
    assert rows(client, "?q=KIOS+3") == ["kiosk-3"]
    assert rows(client, "?state=asleep&kind=spaceship&q=kiosk-1") == ["kiosk-1"]
    page = client.get("/perangkat?site=kanoman").text
    tabs = re.findall(r'href="([^"]*)"[^>]*>([^<]+) <span class="count">(\d+)', page)
    assert [(said, count) for _, said, count in tabs] == [
        ("Semua", "3"),
        ("Terlambat", "1"),
        ("Pemeliharaan", "1"),
        ("Direncanakan", "1"),
    ]
    assert tabs[1][0] == "/perangkat?state=late&amp;site=kanoman"
    assert "Tidak ada yang seperti itu" in client.get("/perangkat?q=nowhere").text


def test_devices_of_the_file_are_read_only(client: TestClient) -> None:
    page = client.get("/perangkat?q=wifi-01").text
    assert "dari berkas daftar, hanya dibaca" in page
    own = client.get("/perangkat/wifi-01")
    assert own.status_code == 200
    assert "Belum pernah ada kabar darinya." in own.text
    for words in ("Buat kode klaim", "Ubah<", "Pensiunkan", "Sertifikat<"):
        assert words not in own.text
    assert client.post("/perangkat/wifi-01/matikan", data={"why": "x"}).status_code == 404
    assert client.get("/perangkat/analytics").status_code == 404, "a producer of the platform is no device"


def test_pages_follow_each_other(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = rows(client)
    monkeypatch.setattr("devices.pages.fleet._PAGE", 4)
    found, address = [], "/perangkat"
    while address:
        page = client.get(address).text
        found += ROW.findall(page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(more[1]) if more else ""
    assert found == everything


def test_it_is_as_the_database_says_now(client: TestClient, fleet: Fleet) -> None:
    assert rows(client, "?state=offline") == ["kiosk-1"]
    fleet.seen("kiosk-2", State.OFFLINE)
    assert rows(client, "?state=offline") == ["kiosk-2", "kiosk-1"], "the newest trouble first"
    fleet.seen("kiosk-2", State.ONLINE)
    assert rows(client, "?state=offline") == ["kiosk-1"]


def test_that_nobody_watches_is_said(client: TestClient, fleet: Fleet) -> None:
    words = "Perangkat sedang tidak dipantau"
    assert words in client.get("/perangkat").text
    now = fleet.parts.clock.now()
    with fleet.parts.db.begin() as tx:
        tx.execute(insert(leases).values(name="outbox", holder="me", until=now + DAY))
    assert words not in client.get("/perangkat").text
    with fleet.parts.db.begin() as tx:
        tx.execute(update(leases).values(until=now - DAY))
    assert words in client.get("/perangkat").text


def test_a_unit_sees_its_own(fleet: Fleet, client: TestClient) -> None:
    mine = as_(fleet.whole, engineer("dishub", READ))
    assert rows(mine) == ["kiosk-3"]
    assert "kiosk-1" not in mine.get("/perangkat/peta?site=bima").text
    assert mine.get("/perangkat/kiosk-1").status_code == 403
    assert mine.get("/perangkat/wifi-01").status_code == 403
    assert mine.get("/perangkat/kiosk-3/riwayat").status_code == 200
    assert mine.get("/perangkat/kiosk-1/riwayat").status_code == 403


def test_the_map_shows_sites_by_their_worst(client: TestClient) -> None:
    page = client.get("/perangkat/peta").text
    items = dict(
        re.findall(r'<li class="(\w+)" data-lat="[^"]+" data-lon="[^"]+"><a href="[^"]+site=(\w+)"', page)
    )
    assert items == {"offline": "bima", "moderate": "kanoman"}
    assert "1 putus" in page
    of_site = client.get("/perangkat/peta?site=kanoman").text
    assert '<a href="/perangkat/kiosk-3">Kios 3</a>' in of_site
    assert "kiosk-1" not in of_site


def test_answers_without_a_command_are_found(client: TestClient, fleet: Fleet) -> None:
    assert "Tidak ada jawaban seperti itu" in client.get("/perangkat/jawaban").text
    now = fleet.parts.clock.now()
    with fleet.parts.db.begin() as tx:
        for reason, age in (("unknown", 0), ("unknown", 0), ("foreign", SECOND), ("unreadable", 9 * DAY)):
            commands.stray(
                tx,
                device="kiosk-2",
                command=f"cmd-{reason}",
                reason=reason,
                payload="<b>{",
                now=now - age,
            )
    assert "2 jawaban dalam seminggu ini" in client.get("/perangkat").text
    page = client.get("/perangkat/jawaban").text
    assert re.findall(r"cmd-\w+", page) == ["cmd-unknown", "cmd-foreign", "cmd-unreadable"]
    assert "&lt;b&gt;{" in page
    assert "cmd-" not in client.get("/perangkat/jawaban?device=kiosk-1").text
    assert "cmd-" not in as_(fleet.whole, engineer("dishub", READ)).get("/perangkat/jawaban").text
