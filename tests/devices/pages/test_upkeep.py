"""Windows of planned work: planned in local time, ended early, called off, and noted."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from city.audit import Filters, page
from city.identity.caller import SYSTEM
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, MINUTE
from contracts.roster import Window
from devices.errors import Forbidden, NotNow
from devices.registry import records
from devices.registry.maintenance import Maintenance
from devices.registry.model import MOST_WINDOWS
from devices.roles import MAINTAIN, READ
from tests.devices.conftest import engineer
from tests.devices.pages.conftest import Fleet
from tests.devices.test_api import as_
from web import forms

PLACE = "/perangkat/kiosk-2/pemeliharaan"


def windows(fleet: Fleet, device: str = "kiosk-2") -> tuple[Window, ...]:
    """What is kept."""
    with fleet.parts.db.read() as tx:
        found = records.find(tx, device)
    assert found is not None
    return found.maintenance


def test_from_plan_to_end(client: TestClient, fleet: Fleet) -> None:
    now = fleet.now - fleet.now % MINUTE
    asked = {"start": forms.local(now), "end": forms.local(now + 2 * HOUR), "why": "Ganti layar"}
    made = client.post(PLACE, data=asked)
    assert made.status_code == 200
    assert windows(fleet) == (Window(start=now, end=now + 2 * HOUR, reason="Ganti layar"),)
    assert "Sedang dikerjakan" in made.text
    assert "Pemeliharaan" in client.get("/perangkat?q=kiosk-2").text
    client.post(PLACE, data=asked)
    assert len(windows(fleet)) == 1, "sent twice, planned once"
    ahead = asked | {"start": forms.local(now + DAY), "end": forms.local(now + DAY + HOUR), "why": "Cat"}
    assert "Batalkan" in client.post(PLACE, data=ahead).text

    for window in windows(fleet):
        client.post(f"{PLACE}/akhiri", data={"start": window.start, "end": window.end})
    (ended,) = windows(fleet)
    assert (ended.start, ended.end < now + HOUR) == (now, True)
    gone = client.post(f"{PLACE}/akhiri", data={"start": now, "end": now + 2 * HOUR})
    assert (gone.status_code, "jadwal ini sudah berakhir" in gone.text) == (409, True)
    with fleet.parts.db.read() as tx:
        noted = [(one.action, one.why) for one in page(tx, Filters(record="kiosk-2"), limit=4)]
    assert noted == [
        ("maintenance.cancelled", "Cat"),
        ("maintenance.ended", "Ganti layar"),
        ("maintenance.planned", "Cat"),
        ("maintenance.planned", "Ganti layar"),
    ]
    assert "Pemeliharaan diakhiri lebih awal" in client.get("/perangkat/kiosk-2/riwayat").text


@pytest.mark.parametrize(
    "start, end, why, field",
    [
        (0, -HOUR, "x", "end"),
        (-3 * HOUR, -HOUR, "x", "end"),
        (0, 40 * DAY, "x", "end"),
        (-3 * DAY, HOUR, "x", "start"),
        (400 * DAY, 401 * DAY, "x", "start"),
        (0, HOUR, "", "why"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    client: TestClient, fleet: Fleet, start: int, end: int, why: str, field: str
) -> None:
    asked = {"start": forms.local(fleet.now + start), "end": forms.local(fleet.now + end), "why": why}
    answer = client.post("/perangkat/kiosk-3/pemeliharaan", data=asked)
    assert answer.status_code == 422
    assert re.findall(r'href="#form-(\w+)"', answer.text) == [field]
    assert windows(fleet, "kiosk-3") == ()


def test_who_may(fleet: Fleet, client: TestClient) -> None:
    place = "/perangkat/kiosk-3/pemeliharaan"
    reader = as_(fleet.whole, engineer("dishub", READ))
    reader.headers["Origin"] = "http://testserver"
    shown = reader.get(place)
    assert (shown.status_code, "Rencanakan<" in shown.text) == (200, False)
    assert reader.post(place, data={}).status_code == 403
    other = as_(fleet.whole, engineer("bappeda", READ, MAINTAIN))
    other.headers["Origin"] = "http://testserver"
    now = fleet.now
    asked = {"start": forms.local(now), "end": forms.local(now + HOUR), "why": "x"}
    assert other.post(place, data=asked).status_code == 403
    assert "dari berkas" in client.get("/perangkat/wifi-01").text.lower()
    assert "hanya dapat dibaca" in client.get("/perangkat/wifi-01/pemeliharaan").text
    assert client.post("/perangkat/wifi-01/pemeliharaan", data=asked).status_code == 404


def test_old_windows_make_room_and_new_ones_are_refused(fleet: Fleet) -> None:
    parts = fleet.parts
    work = Maintenance(parts.fleet.registry, parts.clock)
    now = fleet.now
    with parts.db.begin() as tx:
        for number in range(MOST_WINDOWS):
            start = now + number * HOUR
            work.plan(tx, SYSTEM, "kiosk-5", start=start, end=start + HOUR, why=f"{number}")
    with parts.db.begin() as tx, pytest.raises(Refused) as refused:
        work.plan(tx, SYSTEM, "kiosk-5", start=now + DAY, end=now + DAY + 1, why="one more")
    assert refused.value.field == "start"
    first = windows(fleet, "kiosk-5")[0]
    with parts.db.begin() as tx:
        work.end(tx, SYSTEM, "kiosk-5", start=first.start, end=first.end)
        work.plan(tx, SYSTEM, "kiosk-5", start=now + DAY, end=now + DAY + 1, why="one more")
    kept = windows(fleet, "kiosk-5")
    assert (len(kept), kept[0].reason) == (MOST_WINDOWS, "1"), "what is over has made room"
    with parts.db.begin() as tx, pytest.raises(NotNow):
        work.end(tx, SYSTEM, "kiosk-5", start=first.start, end=first.end)
    with parts.db.begin() as tx, pytest.raises(Forbidden):
        work.end(tx, engineer("dishub", MAINTAIN), "kiosk-5", start=kept[1].start, end=kept[1].end)
