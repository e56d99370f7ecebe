"""Every query of the board, asked of a real InfluxDB that holds what our engine writes."""

import re
from collections import Counter

import msgspec
import pytest

from contracts import measurements
from contracts.instants import HOUR, MINUTE
from store.influx.lines import FIELDS, TAGS
from tests.dashboards.conftest import Ask, Board
from tests.dashboards.grafana import Row, Shown, named, panels

BIMA = ["bima"]


@pytest.fixture
def see(board: Board, shown: Shown, ask_influx: Ask) -> "See":
    return See(board, shown, ask_influx)


class See:
    """Rows of a panel's queries as someone who chose this sees them."""

    def __init__(self, board: Board, shown: Shown, ask: Ask) -> None:
        self._board = board
        self._shown = shown
        self._ask = ask

    def __call__(self, title: str, /, ref: str = "A", **chosen: list[str]) -> list[Row]:
        panel = named(self._board, title)
        (target,) = (target for target in panel["targets"] if target["refId"] == ref)
        shown = msgspec.structs.replace(self._shown, chosen=chosen)
        if shift := panel.get("timeShift"):
            shown = shown.earlier(int(shift.removesuffix("d")))
        return self._ask(shown.influxql(target["query"]))


def _queries(board: Board) -> list[str]:
    return [
        *(target["query"] for panel in panels(board) for target in panel["targets"]),
        *(variable["query"] for variable in board["templating"]["list"]),
    ]


def test_each_panel_finds_something(board: Board, shown: Shown, ask_influx: Ask) -> None:
    for panel in panels(board):
        seen = shown.earlier(7) if "timeShift" in panel else shown
        for target in panel["targets"]:
            assert ask_influx(seen.influxql(target["query"])), (panel["title"], target["refId"])


def test_devices_that_send(see: See) -> None:
    sending = {row["device"] for row in see("Perangkat yang mengirim data", site=BIMA)}
    assert sending == {"kiosk-01", "wifi-01"}  # not kiosk-02, which is silent, nor another site's
    assert {row["device"] for row in see("Perangkat yang mengirim data", kind=["wifi"])} == {"wifi-01"}


def test_state_of_devices(see: See) -> None:
    states = {row["device"]: row["state"] for row in see("Keadaan perangkat", site=BIMA)}
    assert states == {"kiosk-01": '{"state":"online"}', "kiosk-02": '{"state":"offline"}'}


@pytest.mark.parametrize(
    "title, values", [("Pemakaian prosesor", [0.25, 0.5]), ("Pemakaian memori", [0.25, 0.5])]
)
def test_kiosks(see: See, now: int, title: str, values: list[float]) -> None:
    rows = see(title, device=["kiosk-01"])
    assert [row["mean"] for row in rows] == values
    assert [row["time"] * 1000 for row in rows] == [now - MINUTE, now]
    assert {row["device"] for row in see(title, site=BIMA)} == {
        "kiosk-01",
        "kiosk-02",
    }  # Wi-Fi has its own row


def test_temperature_has_a_line_for_each_part(see: See) -> None:
    rows = see("Suhu", device=["kiosk-01"])
    assert {(row["device"], row["instance"]) for row in rows} == {("kiosk-01", "cpu")}
    assert [row["mean"] for row in rows] == [60.25, 60.5]


@pytest.mark.parametrize("title, value", [("Terjangkau (1) atau tidak (0)", 1.0), ("Waktu jangkau", 42.0)])
def test_reachability(see: See, title: str, value: float) -> None:
    (row,) = see(title, site=BIMA)
    assert (row["device"], row["instance"], row["mean"]) == ("wifi-01", "internet", value)


def test_people_compared_with_the_same_hour_last_week(see: See) -> None:
    (current,) = see("Dibanding pekan lalu", "A", site=BIMA)
    (before,) = see("Dibanding pekan lalu", "B", site=BIMA)
    assert (current["device"], current["now"]) == ("footfall-01", 42.0)
    assert (before["device"], before["before"]) == ("footfall-01", 25.0)  # not the 99 of the hour before


def test_unique_visitors_an_hour(see: See) -> None:
    rows = see("Pengunjung berbeda per jam")
    assert {(row["site"], row["last"]) for row in rows} == {("bima", 120.0), ("bima", 80.0)}


@pytest.mark.parametrize("title, people", [("Orang per jam", 42.0), ("Orang per jam, pekan lalu", 124.0)])
def test_people_an_hour(see: See, title: str, people: float) -> None:
    rows = see(title, site=BIMA)
    assert sum(row["sum"] for row in rows) == people
    assert not [row for row in rows if row["time"] % (HOUR // 1000)]


def test_samples_stored(see: See) -> None:
    counts: Counter[str] = Counter()
    for row in see("Data tersimpan", site=BIMA):
        counts[row["name"]] += row["count"]
    assert counts == {
        "cpu.utilization": 5,
        "memory.utilization": 4,
        "temperature": 4,
        "reachability.up": 1,
        "reachability.time": 1,
        "people.count": 2,
        "visitors.unique": 3,
    }


def test_variables(board: Board, shown: Shown, ask_influx: Ask) -> None:
    chosen = msgspec.structs.replace(shown, chosen={"site": ["bima"], "kind": ["kiosk", "wifi"]})
    found = {
        variable["name"]: {row["value"] for row in ask_influx(chosen.influxql(variable["query"]))}
        for variable in board["templating"]["list"]
    }
    assert found == {
        "site": {"bima", "kota"},
        "kind": {"city", "kiosk", "sensor", "wifi"},
        "device": {"kiosk-01", "kiosk-02", "wifi-01"},
    }


def test_queries_name_what_the_engine_writes(board: Board) -> None:
    for query in _queries(board):
        known = (
            set(FIELDS) | set(TAGS) | measurements.CATALOGUE.keys() | set(re.findall(r'AS "(\w+)"', query))
        )
        assert set(re.findall(r'"([^"]+)"', query)) <= known, query
        assert {"v", "vs"} & set(re.findall(r'"(\w+)"', query)) or query.startswith("SHOW"), query
