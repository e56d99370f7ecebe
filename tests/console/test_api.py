"""The console's API: devices, series, samples, ledger, dead letters."""

import base64

import msgspec
import pytest
from fastapi.testclient import TestClient

from console.ports import Letter
from contracts import instants
from contracts.ledger import Hole, Row
from contracts.series import Data, Last, Series, Value
from contracts.topics import Kind
from runtime.clock import Fake
from tests.fixtures.stage import Stage


@pytest.fixture
def full(stage: Stage, clock: Fake) -> Stage:
    """Five devices with two series each."""
    for number in range(5):
        device = f"kiosk-{number}"
        stage.roster.add(device, Kind.KIOSK, labels={}, longitude=108.54, latitude=-6.74)
        for metric, value in (("cpu.utilization", 0.5), ("screen.text", "halo")):
            series = Series(site="bima", kind=Kind.KIOSK, device=device, metric=metric)
            stage.series.lasts.append(Last(series=series, time=clock.now() - 5_000_000, value=value))
    return stage


def everything(
    client: TestClient, path: str, key: str = "items", **params: object
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    cursor = ""
    while True:
        answer = client.get(path, params={**params, "limit": 2, "cursor": cursor}).json()  # type: ignore[dict-item]
        assert len(answer[key]) <= 2
        found += answer[key]
        cursor = answer["next"]
        if not cursor:
            return found


def test_devices(full: Stage, client: TestClient) -> None:
    devices = everything(client, "/api/v1/devices")
    assert [one["device"] for one in devices] == [f"kiosk-{number}" for number in range(5)]
    assert devices[0]["state"] == "well"
    assert devices[0]["figure"]["value"] == 0.5  # type: ignore[index]
    assert everything(client, "/api/v1/devices", state="stale") == []
    assert everything(client, "/api/v1/devices", kind="wifi") == []
    assert len(everything(client, "/api/v1/devices", site="bima", kind="kiosk")) == 5
    assert client.get("/api/v1/devices/kiosk-3").json()["device"] == "kiosk-3"
    answer = client.get("/api/v1/devices/kiosk-9")
    assert answer.status_code == 404
    assert answer.json()["errors"][0] == {
        "field": "device",
        "value": "kiosk-9",
        "reason": "unknown: look it up in its list",
    }


def test_series(full: Stage, client: TestClient) -> None:
    assert len(everything(client, "/api/v1/series")) == 10
    found = everything(client, "/api/v1/series", device=["kiosk-1", "kiosk-2"], metric="cpu.utilization")
    assert [one["device"] for one in found] == ["kiosk-1", "kiosk-2"]


def test_samples(full: Stage, client: TestClient, clock: Fake) -> None:
    chosen = {"device": "kiosk-1", "metric": "cpu.utilization"}
    (last,) = client.get("/api/v1/query/last", params=chosen).json()
    assert (last["time"], last["value"]) == (clock.now() - 5_000_000, 0.5)
    (points,) = client.get("/api/v1/query/range", params=chosen).json()
    assert points["values"] == [0.5]
    end = instants.to_rfc3339(clock.now() - 10_000_000)
    assert client.get("/api/v1/query/range", params={**chosen, "end": end}).json() == []
    aggregate = {**chosen, "step": "60", "statistic": "p95"}
    (buckets,) = client.get("/api/v1/query/aggregate", params=aggregate).json()
    assert buckets["starts"][0] % instants.MINUTE == 0


@pytest.mark.parametrize(
    "path, params, field",
    [
        ("query/range", {"start": "now"}, "start"),
        ("query/range", {"start": "1000000", "end": "1000000"}, "start"),
        ("query/range", {"limit": "1000000"}, "limit"),
        ("query/aggregate", {"start": "2026-01-01T00:00:00Z", "step": "1"}, "step"),
        ("query/aggregate", {"step": "nan"}, "step"),
        ("query/aggregate", {"statistic": "mode"}, "statistic"),
        ("query/last", {"device": "NOT A NAME"}, "device"),
        ("series", {"kind": "toaster"}, "kind"),
        ("series", {"cursor": "e30"}, "cursor"),
        ("devices", {"cursor": "e30"}, "cursor"),
        ("ledger", {"end": "soon"}, "end"),
        ("ledger", {"cursor": "e30"}, "cursor"),
        ("dead-letters", {"cursor": "e30"}, "cursor"),
    ],
)
def test_wrong_wishes_are_refused(client: TestClient, path: str, params: dict[str, str], field: str) -> None:
    answer = client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field


def test_a_store_that_is_away_is_told(full: Stage, client: TestClient) -> None:
    full.series.trouble = "the store is away"
    for path in ("devices", "query/last", "series"):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (503, "the store is away")


@pytest.mark.parametrize(
    "value, shown",
    [(float("nan"), None), (True, True), ("teks", "teks"), (Data(b"\x00\xff"), {"raw": "AP8="})],
)
def test_every_kind_of_value_is_told(
    stage: Stage, client: TestClient, clock: Fake, value: Value, shown: object
) -> None:
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="any")
    stage.series.lasts = [Last(series=series, time=clock.now(), value=value)]
    assert client.get("/api/v1/query/last").json()[0]["value"] == shown


def test_the_ledger(stage: Stage, client: TestClient, clock: Fake) -> None:
    hour = instants.floor(clock.now(), instants.HOUR)
    stage.ledger.kept = [
        Row(
            site="bima",
            kind="kiosk",
            device=f"kiosk-{number}",
            channel="telemetry",
            hour=hour - age * instants.HOUR,
            recorded=10,
            sent=10,
            shed=0,
            received=9,
            stored=9,
            dead=0,
            duplicated=0,
            unsequenced=0,
        )
        for number in range(3)
        for age in range(3)
    ]
    hole = Hole(device="kiosk-1", channel="telemetry", epoch=7, ranges=((2, 5),), reason="full")
    stage.ledger.missing = [hole]
    book = client.get("/api/v1/ledger").json()
    assert book["sums"]["recorded"] == 90
    assert (book["sums"]["missing"], book["sums"]["excess"]) == (9, 0)
    assert book["holes"] == [msgspec.to_builtins(hole) | {"ranges": [[2, 5]]}]
    rows = everything(client, "/api/v1/ledger", key="rows")
    assert rows == book["rows"]
    first = client.get("/api/v1/ledger", params={"limit": 2}).json()
    assert first["sums"] == book["sums"]  # of the whole span, however few rows
    later = client.get("/api/v1/ledger", params={"limit": 2, "cursor": first["next"]}).json()
    assert (later["sums"], later["holes"]) == (None, [])
    assert len(client.get("/api/v1/ledger", params={"device": "kiosk-1"}).json()["rows"]) == 3
    start = instants.to_rfc3339(hour - instants.HOUR)
    assert len(client.get("/api/v1/ledger", params={"start": start}).json()["rows"]) == 6


def test_dead_letters(stage: Stage, client: TestClient, clock: Fake) -> None:
    for number in range(5):
        stage.letters.letters[f"letter-{number}"] = Letter(
            id=f"letter-{number}",
            received=clock.now(),
            topic="imm/v1/bima/kiosk/kiosk-1/telemetry",
            device="kiosk-1",
            content_type="application/senml+json",
            field="u",
            value="furlong",
            reason="no unit of the registry",
            samples=3,
            replayed=clock.now() if number == 4 else None,
            payload=b'[{"n":"x"}]',
        )
    letters = everything(client, "/api/v1/dead-letters")
    assert [one["id"] for one in letters] == [f"letter-{number}" for number in range(4)]
    assert base64.b64decode(str(letters[0]["payload"])) == b'[{"n":"x"}]'
    assert len(everything(client, "/api/v1/dead-letters", replayed=True)) == 5
    replay = "/api/v1/dead-letters/replay"
    answer = client.post(replay, json={"ids": ["letter-1"]})
    assert answer.json() == [
        {"id": "letter-1", "accepted": True, "samples": 1, "same": 0, "changes": [], "reason": ""}
    ]
    assert client.post(replay, json={"ids": ["letter-9"], "dry": False}).status_code == 404
    assert client.post(replay, json={"ids": []}).status_code == 422
    assert client.post(replay, content="{").status_code == 422
