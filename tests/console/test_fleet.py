"""A device's state, its age and its reason."""

import pytest

from console import fleet
from console.fleet import State
from contracts import instants
from contracts.roster import Entry, Window
from contracts.series import Last, Series, Value
from contracts.topics import Kind

NOW = instants.from_rfc3339("2026-11-24T10:00:00Z")
SECOND, MINUTE, HOUR = instants.SECOND, instants.MINUTE, instants.HOUR


def last(metric: str, age: int, value: Value = 1.0, device: str = "one") -> Last:
    series = Series(site="bima", kind=Kind.KIOSK, device=device, metric=metric)
    return Last(series=series, time=NOW - age, value=value)


def entry(kind: Kind = Kind.KIOSK, device: str = "one", **fields: object) -> Entry:
    return Entry(device=device, kind=kind, site="bima", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind, labels, age, state, since",
    [
        (Kind.KIOSK, {}, 59 * SECOND, State.WELL, None),
        (Kind.KIOSK, {}, 61 * SECOND, State.STALE, NOW - SECOND),
        (Kind.SENSOR, {}, 2 * HOUR, State.WELL, None),
        (Kind.SENSOR, {}, 4 * HOUR, State.STALE, NOW - HOUR),
        (Kind.KIOSK, {"interval": "600"}, 29 * MINUTE, State.WELL, None),
        (Kind.KIOSK, {"interval": "600"}, 31 * MINUTE, State.STALE, NOW - MINUTE),
        (Kind.KIOSK, {"interval": "often"}, 61 * SECOND, State.STALE, NOW - SECOND),
        (Kind.KIOSK, {"interval": "0"}, 61 * SECOND, State.STALE, NOW - SECOND),
        (Kind.KIOSK, {}, -5 * SECOND, State.WELL, None),
    ],
)
def test_what_is_old_is_stale(
    kind: Kind, labels: dict[str, str], age: int, state: State, since: int | None
) -> None:
    device = fleet.judge(entry(kind, labels=labels), [last("cpu.utilization", age)], NOW)
    assert (device.state, device.since, device.last_sample) == (state, since, NOW - age)
    assert bool(device.reason.id) == bool(device.reason.en) == (state is State.STALE)


def test_what_never_spoke_is_silent() -> None:
    device = fleet.judge(entry(), [last("event.tally", 0), last("status", 0, "online")], NOW)
    assert (device.state, device.since, device.last_sample, device.figure) == (State.SILENT, None, None, None)


@pytest.mark.parametrize("payload", ["offline", '{"state":"offline"}'])
def test_a_last_will_says_offline_until_data_come_again(payload: str) -> None:
    will = last("status", 10 * SECOND, payload)
    device = fleet.judge(entry(), [last("cpu.utilization", 12 * SECOND), will], NOW)
    assert (device.state, device.since) == (State.OFFLINE, NOW - 10 * SECOND)
    again = fleet.judge(entry(), [last("cpu.utilization", 9 * SECOND), will], NOW)
    assert again.state is State.WELL
    online = last("status", SECOND, "online")
    assert fleet.judge(entry(), [last("cpu.utilization", 2 * SECOND), online], NOW).state is State.WELL


def test_maintenance_goes_before_everything() -> None:
    window = Window(start=NOW - HOUR, end=NOW + HOUR, reason="ganti layar")
    device = fleet.judge(entry(maintenance=(window,)), [], NOW)
    assert (device.state, device.since) == (State.MAINTAINED, NOW - HOUR)
    assert device.reason.id == "Pemeliharaan: ganti layar"
    assert fleet.judge(entry(maintenance=(window,)), [], NOW + HOUR).state is State.SILENT


def test_the_telling_figure_is_shown() -> None:
    samples = [last("agent.spooled", 0), last("wifi.clients", 0, 12.0), last("cpu.utilization", 0, 0.5)]
    figure = fleet.judge(entry(), samples, NOW).figure
    assert figure is not None
    assert (figure.metric, figure.label.id, figure.value) == ("wifi.clients", "tersambung", 12.0)
    figure = fleet.judge(entry(), [last("zebra.count", 0), last("agent.spooled", 0)], NOW).figure
    assert figure is not None
    assert (figure.metric, figure.label.en) == ("agent.spooled", "Batches awaiting a receipt")
    figure = fleet.judge(entry(), [last("zebra.count", 0)], NOW).figure
    assert figure is not None
    assert figure.label.en == "zebra.count"


def test_the_worst_stands_first() -> None:
    lasts = [
        last("cpu.utilization", 0, device="a-well"),
        last("cpu.utilization", HOUR, device="b-stale"),
        last("cpu.utilization", HOUR, device="d-offline"),
        last("status", MINUTE, "offline", device="d-offline"),
    ]
    entries = [entry(device=name) for name in ("a-well", "b-stale", "c-silent", "d-offline")]
    found = fleet.judge_all(entries, lasts, NOW)
    assert [device.device for device in found] == ["d-offline", "b-stale", "c-silent", "a-well"]
