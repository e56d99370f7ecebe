"""The board as built, and an InfluxDB into which our engine wrote a small area."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Block, Series, Value
from contracts.topics import Kind
from dashboards import build, limits
from runtime.clock import System
from store.influx.engine import Engine
from store.influx.http import Server
from store.settings import Influx as Settings
from tests.dashboards.grafana import Row, Shown, ask
from tests.fixtures.influx import Influx

Board = Mapping[str, Any]
Ask = Callable[[str], list[Row]]


@pytest.fixture(scope="session")
def board() -> Board:
    loaded: Board = json.loads(build.files(limits.load(build.RULES))["boards/area.json"])
    return loaded


@pytest.fixture(scope="module")
def now() -> int:
    """µs; the whole minute that has just begun, so that buckets of a minute are known."""
    time = System().now()
    return time - time % MINUTE


@pytest.fixture(scope="module")
def shown(now: int) -> Shown:
    return Shown(start=(now - 6 * HOUR) // 1000, end=(now + MINUTE) // 1000)


@pytest.fixture(scope="module")
def ask_influx(influx: Influx, now: int) -> Iterator[Ask]:
    """Ask about the area that our engine wrote."""
    bucket = influx.create()
    settings = Settings(url=influx.url, token_file=influx.token_file, org=influx.org, bucket=bucket)
    engine = Engine(Server(settings), System())
    engine.write(_area(now))
    yield lambda query: ask(influx.url, bucket, query, influx.token)
    engine.close()
    influx.drop(bucket)


def _area(now: int) -> Block:
    block = Block()

    def write(kind: Kind, device: str, name: str, before: int, value: Value, **more: str) -> None:
        series = Series(
            **({"site": "bima", "kind": kind, "device": device, "metric": name} | more)  # type: ignore[arg-type]
        )
        block.append(series, now - before, value)

    for device, place in (("kiosk-01", 0), ("kiosk-02", 1)):
        late = place * 2 * HOUR  # the second is silent since two hours
        for minute, value in enumerate((0.5, 0.25)):
            before = late + minute * MINUTE
            write(Kind.KIOSK, device, "cpu.utilization", before, value, unit="/")
            write(Kind.KIOSK, device, "memory.utilization", before, value, unit="/")
            write(Kind.KIOSK, device, "temperature", before, 60.0 + value, unit="Cel", instance="cpu")
        write(Kind.KIOSK, device, "status", late, '{"state":"offline"}' if place else '{"state":"online"}')
    write(Kind.WIFI, "wifi-01", "reachability.up", 0, 1.0, unit="/", instance="internet")
    write(Kind.WIFI, "wifi-01", "reachability.time", 0, 42.0, unit="ms", instance="internet")
    write(Kind.WIFI, "wifi-01", "cpu.utilization", 0, 0.9, unit="/")
    write(Kind.SENSOR, "footfall-01", "people.count", 10 * MINUTE, 30.0, unit="count")
    write(Kind.SENSOR, "footfall-01", "people.count", 40 * MINUTE, 12.0, unit="count")
    write(Kind.SENSOR, "footfall-01", "people.count", 7 * DAY + 20 * MINUTE, 25.0, unit="count")
    write(Kind.SENSOR, "footfall-01", "people.count", 7 * DAY + 80 * MINUTE, 99.0, unit="count")
    for hour, figure in ((0, 120.0), (1, 80.0)):
        past = now % HOUR + (hour + 1) * HOUR  # figures come when their hour is over
        write(Kind.CITY, "visitors", "visitors.unique", past, figure, unit="count", instance="hour")
    write(Kind.CITY, "visitors", "visitors.unique", 5 * HOUR, 900.0, unit="count", instance="day")
    write(Kind.KIOSK, "kiosk-99", "cpu.utilization", 0, 0.7, unit="/", site="kota")
    return block
