"""Visitors on the live page: numbers with their bounds, and every reason why there is none."""

import msgspec
from fastapi.testclient import TestClient

from console import visitors
from contracts import instants
from contracts.instants import HOUR
from contracts.series import Last, Series, Value
from contracts.topics import Kind
from contracts.visitors import State, Told
from runtime.clock import Fake
from tests.console.test_live import text
from tests.fixtures.stage import Stage


def last(metric: str, instance: str, time: int, value: Value, site: str = "bima") -> Last:
    series = Series(site=site, kind=Kind.CITY, device="visitors", metric=metric, instance=instance)
    return Last(series=series, time=time, value=value)


def told(state: State, **rest: int) -> str:
    return msgspec.json.encode(Told(state=state, **{"devices": 5, **rest})).decode()  # type: ignore[arg-type]


def counted(
    time: int, value: float = 1_234.0, state: State = State.COUNTED, over: str = "hour"
) -> list[Last]:
    return [
        last("visitors.state", f"stations.{over}", time, told(state)),
        last("visitors.unique", over, time, value),
        last("visitors.unique.low", over, time, value - 20),
        last("visitors.unique.high", over, time, value + 20),
    ]


def test_an_hour_with_its_bounds_and_the_day(stage: Stage, client: TestClient, clock: Fake) -> None:
    hour = instants.floor(clock.now(), HOUR) - HOUR
    stage.series.lasts = [*counted(hour), *counted(hour - 30 * HOUR, 9_000.0, over="day")]
    shown = text(client.get("/bagian/visitors").text)
    assert "bima 5 titik menghitung" in shown
    assert "1.234 1.214 – 1.254" in shown
    assert "9.000 8.980 – 9.020" in shown
    assert "sedikitnya" not in shown


def test_fewer_than_five_are_no_number(stage: Stage, client: TestClient, clock: Fake) -> None:
    hour = instants.floor(clock.now(), HOUR) - HOUR
    old = counted(hour - HOUR)  # of the hour before: not this hour's
    stage.series.lasts = [last("visitors.state", "stations.hour", hour, told(State.SUPPRESSED)), *old[1:]]
    shown = text(client.get("/bagian/visitors").text)
    assert "kurang dari 5" in shown
    assert "1.234" not in shown


def test_a_key_that_changed_is_said(stage: Stage, client: TestClient, clock: Fake) -> None:
    stage.series.lasts = counted(instants.floor(clock.now(), HOUR) - HOUR, state=State.KEY_CHANGED)
    shown = text(client.get("/bagian/visitors").text)
    assert "sedikitnya 1.234" in shown
    assert "tidak dijumlahkan" in shown


def test_nothing_yet_and_a_store_that_is_away(stage: Stage, client: TestClient) -> None:
    assert "Belum ada pengunjung terhitung" in text(client.get("/bagian/visitors").text)
    stage.series.trouble = "the disk is full"
    assert "tidak menjawab" in text(client.get("/bagian/visitors").text)


def test_sites_are_in_order_and_an_old_figure_is_stale() -> None:
    now = 1_000 * HOUR
    found = visitors.of([*counted(now - HOUR), *(last("visitors.unique", "hour", 0, 1.0, "abc"),)], now)
    assert [site.site for site in found] == ["abc", "bima"]
    assert found[0].hour is None
    (figure,) = [site.hour for site in found if site.hour]
    assert (figure.stale, figure.end) == (False, now)
    (old,) = visitors.of(counted(now - 9 * HOUR), now)
    assert old.hour is not None
    assert old.hour.stale
    (broken,) = visitors.of([last("visitors.state", "stations.hour", 0, "{")], now)
    assert broken.hour is None
