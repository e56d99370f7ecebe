"""What is told of an alert beside its life: what else moved, and a picture of it, on a real store."""

import asyncio
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from fastapi import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from alerts.commit import commit
from alerts.desk import Desk, Filters
from alerts.explain import contributors, window
from alerts.explain.drawing import Drawing, Words, png
from alerts.explain.errors import NotDrawn, Undrawable
from alerts.explain.routes import contribution
from alerts.explain.service import Explainer
from alerts.routes import READ
from alerts.routes import contribution as alerts_of
from city.db import Database
from city.identity.caller import Caller, Kind
from contracts.alerts import Alert
from contracts.instants import DAY, HOUR, MINUTE, SECOND, WEEK
from contracts.judgements import Evidence
from contracts.measurements import ALARM
from contracts.series import Block, Series
from contracts.topics import Kind as Devices
from runtime.clock import Fake
from runtime.ids import Factory
from runtime.metrics import exposition
from store.bundle import Store, open_store
from store.settings import Embedded, Frames
from store.settings import Settings as StoreSettings
from store.sink import Write
from tests.alerts.conftest import Make
from tests.alerts.test_commit import good
from web import access
from web.health import Checks
from web.shell import create_app

PNG = b"\x89PNG\r\n\x1a\n"
HOT = Series(site="bima", kind=Devices.KIOSK, device="kiosk-1", metric="temperature", unit="Cel")
FAN = msgspec.structs.replace(HOT, metric="fan.speed", unit="1/min")
LOAD = msgspec.structs.replace(HOT, metric="cpu.utilization", unit="/")


@pytest.fixture
def store(tmp_path: Path, clock: Fake) -> Iterator[Store]:
    """Nine hours of three series, a sample a minute; within the last ten minutes two of them have moved."""
    chosen = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Frames(path=tmp_path / "frames"),
    )
    with open_store(chosen, clock) as opened:
        block, end = Block(), clock.now()
        for minute in range(9 * 60):
            time = end - (9 * 60 - minute) * MINUTE
            late = minute >= 9 * 60 - 10
            block.append(HOT, time, 80.0 if late else 40.0 + minute % 7)
            block.append(FAN, time, 0.0 if late else 2_000.0 + minute % 11)
            block.append(LOAD, time, 0.3 + minute % 5 / 100)
        opened.sink.commit(Write(worker="w", at=end, block=block))
        yield opened


@pytest.fixture
def alert(lite: Database, clock: Fake, ids: Factory, make: Make) -> Alert:
    evidence = Evidence(
        metric="temperature",
        unit="Cel",
        start=clock.now() - 10 * MINUTE,
        end=clock.now(),
        value=80.0,
        expected=70.0,
    )
    commit(lite, [good(make(evidence=evidence))], now=clock.now(), ids=ids)
    (found,) = Desk(lite, clock=clock, ids=ids).page(Filters())
    return found


@pytest.fixture
def explainer(lite: Database, store: Store, clock: Fake, ids: Factory, tmp_path: Path) -> Explainer:
    desk = Desk(lite, clock=clock, ids=ids)
    return Explainer(desk, store.engine, clock=clock, cache=tmp_path / "fonts")


def test_what_moved_with_it_is_named_and_it_itself_is_not(explainer: Explainer, alert: Alert) -> None:
    told = explainer.explain(alert.id)
    assert [one.series for one in told.contributors] == [FAN], "the load was as ever"
    (fan,) = told.contributors
    assert fan.value == 0
    assert 2_000 <= fan.usual <= 2_011
    assert fan.deviation < -contributors.UNUSUAL
    assert told.evidence == alert.evidence


async def test_its_picture_is_drawn_once_a_language(
    explainer: Explainer, alert: Alert, lite: Database, clock: Fake
) -> None:
    async def siti(_: Request) -> access.Known:
        caller = Caller(kind=Kind.PERSON, id="siti", name="Siti", strong=True, reach={READ: None})
        return access.Known(caller=caller)

    registry = CollectorRegistry()
    app = create_app(
        [contribution(explainer), alerts_of(explainer._desk)],
        db=lite,
        clock=clock,
        checks=Checks(live=lambda: (), ready=lambda: (), figures=lambda: exposition(registry)),
        hosts=("city.test",),
        resolve=siti,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        told = (await client.get(f"/api/v1/alerts/{alert.id}/explanation")).json()
        asked = [client.get(told["picture"], params={"lang": language}) for language in ("id", "id", "en")]
        one, same, other = await asyncio.gather(*asked)
        assert one.status_code == 200, one.text
        assert one.headers["content-type"] == "image/png"
        assert _size(one.content) == (720, 280)
        assert one.content == same.content != other.content
        known = {"If-None-Match": one.headers["etag"]}
        again = await client.get(told["picture"], params={"lang": "id"}, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert (await client.get("/api/v1/alerts/nothing/picture")).status_code == 404


async def test_of_a_whole_site_nothing_is_drawn(explainer: Explainer, alert: Alert) -> None:
    with pytest.raises(Undrawable, match="about no one device"):
        await explainer.picture(msgspec.structs.replace(alert, device=""), "id")


def test_silence_is_shown_as_what_came(store: Store, alert: Alert, clock: Fake) -> None:
    silent = msgspec.structs.replace(alert, evidence=Evidence(start=clock.now() - HOUR, end=clock.now()))
    shown = window.view(silent, now=clock.now() + HOUR)
    assert shown
    columns = window.read(store.engine, shown)
    assert set(columns.values) == {0.0, 3.0}, "three series a minute, and none since"


def test_an_alarm_which_is_words_is_shown_as_what_came(store: Store, alert: Alert, clock: Fake) -> None:
    words = Evidence(metric=ALARM, instance="door", start=clock.now() - MINUTE, end=clock.now())
    shown = window.view(msgspec.structs.replace(alert, evidence=words), now=clock.now())
    assert shown
    assert max(window.read(store.engine, shown).values) == 3.0, "three series a minute"


async def test_a_drawing_that_fails_is_not_an_alert_that_is_not_there(
    explainer: Explainer, alert: Alert, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("alerts.explain.service.sys.executable", "/bin/false")
    with pytest.raises(NotDrawn, match="the log says why"):
        await explainer.picture(alert, "id")
    assert "ended with 1" in caplog.text


@given(
    start=st.integers(0, 60 * DAY),
    length=st.integers(0, 30 * DAY),
    now=st.integers(0, 60 * DAY),
    resolved=st.none() | st.integers(0, 90 * DAY),
)
def test_a_view_is_bounded_and_holds_the_beginning(
    start: int, length: int, now: int, resolved: int | None
) -> None:
    evidence = Evidence(metric="temperature", start=start + 1, end=start + 1 + length)
    shown = window.view(_alert(evidence, started=start + 1, resolved=resolved), now=now)
    assert shown
    assert shown.first <= shown.start < shown.last
    assert shown.last - shown.first <= WEEK + DAY
    assert (shown.last - shown.first) / window.step(shown) <= 361


@given(
    known=st.lists(st.floats(-1e12, 1e12), max_size=200),
    now=st.lists(st.floats(-1e12, 1e12), max_size=20),
)
def test_deviations_are_finite_and_bounded(known: list[float], now: list[float]) -> None:
    for one in contributors.rank({HOT: now}, {HOT: known}):
        assert contributors.UNUSUAL <= abs(one.deviation) <= contributors.GREATEST
        assert (one.deviation > 0) == (one.value > one.usual)


@settings(max_examples=8)
@given(
    values=st.lists(st.floats(-1e300, 1e300), max_size=12),
    bounds=st.none() | st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    unit=st.sampled_from(["", "/", "Cel", "$^{"]),
    title=st.text(max_size=60),
)
def test_anything_can_be_drawn(
    values: list[float], bounds: tuple[float, float] | None, unit: str, title: str
) -> None:
    drawing = Drawing(
        words=Words(title=title, value="a", usual="b", expected="c", window="d", none="e"),
        unit=unit,
        times=[number * SECOND for number in range(len(values))],
        values=values,
        start=5 * SECOND,
        end=5 * SECOND,
        first=0,
        last=20 * SECOND,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
    )
    assert _size(png(drawing)) == (720, 280)


def _alert(evidence: Evidence, *, started: int, resolved: int | None) -> Alert:
    from alerts.examples import ALERT

    return msgspec.structs.replace(ALERT, evidence=evidence, started=started, resolved=resolved)


def _size(image: bytes) -> tuple[int, int]:
    assert image.startswith(PNG)
    wide, high = struct.unpack(">II", image[16:24])
    assert zlib.crc32(image[12:29]) == struct.unpack(">I", image[29:33])[0]
    return wide, high
