"""The live page: full, empty, broken, and each part by itself."""

import asyncio
import re
import threading

import pytest
from fastapi.testclient import TestClient

from console.asking import Asker
from contracts import instants
from contracts.alerts import State
from contracts.judgements import Severity, Text
from contracts.ledger import Hole, Row
from contracts.series import Last, Series
from contracts.topics import Kind
from runtime.clock import Fake
from tests.fixtures.stage import Stage, alert

PARTS = ["summary", "incidents", "alerts", "devices", "visitors"]


def row(clock: Fake, **counts: int | None) -> Row:
    values: dict[str, int | None] = {
        "recorded": 0,
        "sent": 0,
        "shed": 0,
        "received": 0,
        "stored": 0,
        "dead": 0,
        "duplicated": 0,
        "unsequenced": 0,
    }
    hour = instants.floor(clock.now(), instants.HOUR)
    return Row(
        site="bima",
        kind="kiosk",
        device="kiosk-1",
        channel="telemetry",
        hour=hour,
        **(values | counts),  # type: ignore[arg-type]
    )


def text(page: str) -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_ledger_line(stage: Stage, client: TestClient, clock: Fake) -> None:
    stage.ledger.kept = [row(clock, recorded=1_500_000, stored=1_499_990)]
    shown = text(client.get("/bagian/summary").text)
    assert "Tercatat 1.500.000 Tersimpan 1.499.990 Dalam perjalanan 10 Hilang 0" in shown


def test_what_is_lost_refused_or_untold_is_said(stage: Stage, client: TestClient, clock: Fake) -> None:
    stage.ledger.kept = [
        row(clock, recorded=100, stored=80, shed=15, dead=5, duplicated=7, unsequenced=0),
        row(clock, recorded=None, stored=3),
    ]
    stage.ledger.missing = [
        Hole(device="kiosk-1", channel="telemetry", epoch=1, ranges=((3, 4),), reason="unexplained"),
        Hole(device="kiosk-1", channel="telemetry", epoch=1, ranges=((9, 9),), reason="in flight"),
    ]
    shown = text(client.get("/bagian/summary").text)
    assert "Hilang 15" in shown
    assert "1 hitungan belum dilaporkan perangkat" in shown
    assert "2 kiriman tidak ada tanpa penjelasan" in shown
    assert "7 terkirim dua kali" in shown


def test_old_rows_are_not_counted(stage: Stage, client: TestClient, clock: Fake) -> None:
    stage.ledger.kept = [row(clock, recorded=9, stored=9)]
    clock.advance(26 * 3_600)
    assert "Belum ada perangkat yang melaporkan" in text(client.get("/bagian/summary").text)


def test_probe_times_show_their_age(stage: Stage, client: TestClient, clock: Fake) -> None:
    ear = stage.tangi.ear
    probe = alert(clock, 1, probe=True, started=clock.now() - 123_000)
    stage.write(lambda tx: ear.hear(tx, stage.event("firing", probe)))
    clock.advance(7)
    page = client.get("/bagian/summary").text
    assert "123 ms Median" in text(page).replace("Median 123 ms", "123 ms Median")
    assert "Uji terakhir 7 dtk" in text(page)
    assert 'class="tag stale"' not in page
    clock.advance(600)
    assert 'class="tag stale"' in client.get("/bagian/summary").text


def test_an_empty_city_says_what_will_come(client: TestClient) -> None:
    shown = text(client.get("/").text)
    for sentence in ("Tidak ada yang perlu ditangani", "Semua tenang", "Belum ada perangkat"):
        assert sentence in shown


def test_each_broken_part_says_so_and_the_others_stand(stage: Stage, client: TestClient) -> None:
    stage.roster.add("kiosk-1", Kind.KIOSK, "Kiosk gerbang timur")
    stage.series.trouble = "InfluxDB does not answer <script>"
    answer = client.get("/")
    assert answer.status_code == 200
    shown = text(answer.text)
    assert "Penyimpan data tidak menjawab" in shown
    assert "InfluxDB does not answer" in shown
    assert "<script>" not in answer.text.replace("<script src", "")
    assert "Kiosk gerbang timur" in shown  # which devices there are is still known
    assert "Semua tenang" in shown
    stage.alerts.trouble = stage.ledger.trouble = "away"
    shown = text(client.get("/").text)
    assert "Buku besar data tidak menjawab" in shown
    assert "Bagian peringatan tidak menjawab" in shown


async def test_a_part_that_hangs_is_given_up_also_when_all_places_are_taken() -> None:
    asker = Asker(0.05)
    release = threading.Event()
    calls = [asker.attempt("the store", release.wait) for _ in range(40)]
    answers = await asyncio.gather(*calls)
    assert {answer.trouble for answer in answers} == {"the store did not answer within 0.05 s: ask again"}
    release.set()
    assert (await Asker().attempt("the store", lambda: 7)).value == 7


def test_an_alert_is_seen_by_a_button(stage: Stage, client: TestClient, clock: Fake) -> None:
    stage.alerts.alerts["alert-1"] = alert(clock, 1, severity=Severity.EXTREME)
    page = client.get("/bagian/alerts").text
    assert "Ekstrem" in page
    assert "812 orang dalam satu jam" in page
    assert 'action="/peringatan/alert-1/acknowledge"' in page
    answer = client.post("/peringatan/alert-1/acknowledge", data={"by": "Sri"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = client.get("/bagian/alerts").text
    assert "Ditangani Sri" in page
    assert "/acknowledge" not in page
    answer = client.post("/peringatan/alert-9/acknowledge")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["value"] == "alert-9"


def test_more_than_fit_are_counted(stage: Stage, client: TestClient, clock: Fake) -> None:
    for number in range(60):
        stage.alerts.alerts[f"alert-{number}"] = alert(clock, number)
    page = client.get("/bagian/alerts").text
    assert page.count('class="row ') == 50
    assert ">50+<" in page
    stage.alerts.alerts["alert-3"] = alert(clock, 3, state=State.RESOLVED)
    assert 'id="alert-alert-3"' not in client.get("/bagian/alerts").text


def test_text_from_devices_is_shown_as_text(stage: Stage, client: TestClient, clock: Fake) -> None:
    evil = "<img src=x onerror=alert(1)>"
    stage.roster.add("kiosk-1", Kind.KIOSK, evil)
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="screen.text")
    stage.series.lasts = [Last(series=series, time=clock.now(), value=f"{evil}\x1b[2J")]
    stage.alerts.alerts["alert-1"] = alert(clock, 1, title=Text(id=evil, en=evil))
    page = client.get("/").text
    assert "<img" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_the_same_by_itself_as_on_the_page(client: TestClient, part: str) -> None:
    alone = client.get(f"/bagian/{part}").text.strip()
    assert alone.startswith(f'<section id="{part}"')
    assert alone in client.get("/").text


def test_other_parts_are_refused(client: TestClient) -> None:
    assert client.get("/bagian/secrets").status_code == 422
