"""What was recorded, by the agents' own spools; what is stored, by asking the platform as any app would."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from contracts.instants import DAY
from contracts.topics import Channel
from runtime.clock import System
from runtime.spool import Spool
from simulator.chaos.asking import Api
from simulator.fleet import PEAK, STEP, device

_PAGE = 100_000  # samples of one answer
_CATCH_UP = 10.0  # seconds in which the desk must have heard of every alert


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one run; `lost` and `duplicated` must be 0."""

    recorded: int
    shed: int
    stored: int
    lost: int
    duplicated: int
    holes: (
        int  # missing between two stored values of one series and start: independent of the agents' own count
    )
    ledger_missing: int  # by the platform's ledger
    peaks: int  # samples that a rule finds wrong: told, passed or untold
    peaks_told: int  # an alert began with it
    peaks_passed: int  # lies within an alert that began before: what lay between came late
    peaks_untold: int  # no alert tells of it
    alerts: int
    incidents: int
    alerts_alone: int  # fingerprints that fired and have no incident, or one that knows an older alert
    incidents_doubled: int  # beyond one for each fingerprint: nobody ends one during the run


class Peaks(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of the samples that a rule finds wrong."""

    told: int
    passed: int
    untold: int


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What became of judgements."""

    alerts: int
    incidents: int
    alone: int
    doubled: int


def recorded(spool: Path, devices: int) -> tuple[int, int]:
    """Samples that the fleet committed to its spool, and how many of these it gave up and declared."""
    with Spool(spool, clock=System()) as opened:
        rows = [
            row
            for number in range(1, devices + 1)
            for row in opened.tally(device(number).topic(Channel.TELEMETRY)).rows
            if row.channel == Channel.TELEMETRY
        ]
    return sum(row.recorded for row in rows), sum(row.shed for row in rows)


def stored(api: Api, devices: int) -> tuple[int, int, int]:
    """Distinct samples, samples given more than once or counted more than once, and holes between them."""
    now = System().now()
    distinct = twice = counted = 0
    holes = 0
    for number in range(1, devices + 1):
        span = {"device": device(number).device, "start": now - DAY, "end": now + DAY}
        steps = api.get("/api/v1/query/aggregate", {**span, "step": DAY / 1e6, "statistic": "count"})
        counted += round(sum(sum(series["values"]) for series in steps))
        for found in _series(api, device(number).device):
            times, values = _samples(api, {**span, "metric": found["metric"]})
            distinct += len(set(times))
            twice += len(times) - len(set(times))
            if found["metric"].startswith("sim.count"):
                holes += _holes(values)
    return distinct, twice + max(0, counted - distinct), holes


def peaks(api: Api, devices: int) -> dict[str, set[int]]:
    """Device → times (µs UTC) of stored samples that the rule of a run finds wrong."""
    now = System().now()
    span = {"metric": "sim.level", "start": now - DAY, "end": now + DAY}
    found = {}
    for number in range(1, devices + 1):
        name = device(number).device
        samples = zip(*_samples(api, {**span, "device": name}), strict=True)
        found[name] = {time for time, value in samples if value == PEAK}
    return found


def told(api: Api, wrong: Mapping[str, set[int]], limit: float) -> Peaks:
    """What alerts say of peaks, once all are told or the limit (seconds) is over."""
    end = time.monotonic() + limit
    while True:
        found = compare(wrong, _all(api, "/api/v1/alerts"))
        if not found.untold or time.monotonic() > end:
            return found
        time.sleep(0.2)


def compare(wrong: Mapping[str, set[int]], raised: Iterable[Mapping[str, Any]]) -> Peaks:
    """Each peak against the alerts of its device."""
    spans: dict[str, dict[int, float]] = defaultdict(dict)
    for alert in raised:
        spans[alert["device"]][alert["started"]] = alert["resolved"] or float("inf")
    began = {name: times & spans[name].keys() for name, times in wrong.items()}
    left = {name: times - began[name] for name, times in wrong.items()}
    passed = sum(
        any(start < time <= end for start, end in spans[name].items())
        for name, times in left.items()
        for time in times
    )
    own = sum(map(len, began.values()))
    return Peaks(told=own, passed=passed, untold=sum(map(len, left.values())) - passed)


def desk(api: Api) -> Desk:
    """Compare alerts with incidents, once the desk has caught up or has had its time."""
    end = time.monotonic() + _CATCH_UP
    while True:
        found = _desk(api)
        if not found.alone or time.monotonic() > end:
            return found
        time.sleep(0.2)


def _desk(api: Api) -> Desk:
    raised = _all(api, "/api/v1/alerts")
    opened = _all(api, "/api/v1/incidents")
    newest: dict[str, dict[str, Any]] = {}
    for alert in raised:
        known = newest.setdefault(alert["fingerprint"], alert)
        if alert["id"] > known["id"]:  # in the order of raising: a late peak began earlier
            newest[alert["fingerprint"]] = alert
    known_by = {(incident["fingerprint"], incident["alert"]) for incident in opened}
    return Desk(
        alerts=len(raised),
        incidents=len(opened),
        alone=sum((name, alert["id"]) not in known_by for name, alert in newest.items()),
        doubled=len(opened) - len({incident["fingerprint"] for incident in opened}),
    )


def ledger_missing(api: Api) -> int:
    """What the platform itself says is missing."""
    now = System().now()
    book = api.get("/api/v1/ledger", {"start": now - DAY, "end": now + DAY, "limit": 1})
    return int(book["sums"]["missing"])


def _holes(values: list[float]) -> int:
    """Numbers missing between the smallest and the greatest of each start."""
    starts: dict[int, list[int]] = {}
    for value in map(int, values):
        starts.setdefault(value // STEP, []).append(value)
    return sum(max(run) - min(run) + 1 - len(set(run)) for run in starts.values())


def _series(api: Api, name: str) -> list[dict[str, Any]]:
    return [one for one in _all(api, "/api/v1/series", device=name) if one["metric"].startswith("sim.")]


def _samples(api: Api, asked: dict[str, Any]) -> tuple[list[int], list[float]]:
    """All samples of one series, page by page in order of time."""
    times: list[int] = []
    values: list[float] = []
    start = asked["start"]
    while True:
        found = api.get("/api/v1/query/range", {**asked, "start": start, "limit": _PAGE})
        page = found[0] if found else {"times": [], "values": []}
        times += page["times"]
        values += page["values"]
        if len(page["times"]) < _PAGE:
            return times, values
        start = page["times"][-1] + 1


def _all(api: Api, path: str, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, {**asked, "limit": 200, **cursor})
        items += page["items"]
        if not page["next"]:
            return items
        cursor = {"cursor": page["next"]}


def summary(kinds: Counter[str]) -> dict[str, int]:
    """Kills by victim as report keys."""
    return {f"kills_{name.replace('-', '_')}": count for name, count in sorted(kinds.items())}
