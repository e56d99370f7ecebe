"""Devices as the console shows them: a state, its age, its reason, and what would clear it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from contracts import instants, measurements
from contracts.judgements import Text
from contracts.roster import Entry
from contracts.series import Last, Value
from contracts.topics import Kind
from web import figures
from web.language import Language

_STATUS: Final = "status"
_HIDDEN: Final = ("event.", _STATUS)
_INTERVALS: Final = 3  # missed intervals after which a device is stale
_LIMITS: Final = {
    Kind.KIOSK: instants.MINUTE,
    Kind.WIFI: instants.MINUTE,
    Kind.CCTV: instants.MINUTE,
    Kind.SENSOR: 3 * instants.HOUR,
    Kind.CITY: 2 * instants.DAY,
}  # age of a stale sample, where the roster's label `interval` (seconds) does not say better
_HEADLINES: Final = {
    "people.count": Text(id="orang lewat", en="people passed"),
    "people.present": Text(id="orang di tempat", en="people present"),
    "wifi.clients": Text(id="tersambung", en="connected"),
    "cpu.utilization": Text(id="prosesor", en="processor"),
    "reachability.time": Text(id="waktu jangkau", en="time to reach"),
    "network.received": Text(id="data diterima", en="received"),
}  # the first of these that a device has tells most of it; else its first metric by name
_NEVER: Final = Text(id="Belum pernah mengirim data", en="Has never sent data")
_AWAY: Final = Text(
    id="Sambungan ke broker putus; pulih saat agen tersambung lagi",
    en="Lost its connection to the broker; clears when the agent reconnects",
)


class State(StrEnum):
    """State of a device, worst first."""

    OFFLINE = "offline"
    STALE = "stale"
    SILENT = "silent"
    MAINTAINED = "maintained"
    WELL = "well"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The one value that tells most of a device at a glance."""

    metric: str
    label: Text  # what the value is, in a word or two
    instance: str
    unit: str
    value: Value
    time: int  # µs UTC


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the roster and how it fares."""

    device: str
    kind: Kind
    site: str
    title: str
    operator: str
    longitude: float | None
    latitude: float | None
    floor: str
    state: State
    since: int | None  # µs UTC since when it is in this state; None where that is not known
    reason: Text  # why, and what would clear it
    last_sample: int | None  # µs UTC
    figure: Figure | None


def judge_all(entries: Sequence[Entry], lasts: Iterable[Last], now: int) -> list[Device]:
    """Devices of the roster, worst first, then in the roster's order."""
    by_device: dict[str, list[Last]] = defaultdict(list)
    for last in lasts:
        by_device[last.series.device].append(last)
    devices = [judge(entry, by_device[entry.device], now) for entry in entries]
    order = list(State)
    return sorted(devices, key=lambda device: order.index(device.state))


def judge(entry: Entry, lasts: Sequence[Last], now: int) -> Device:
    """One device by its newest samples at an instant (µs UTC)."""
    samples = [last for last in lasts if not last.series.metric.startswith(_HIDDEN)]
    newest = max((last.time for last in samples), default=None)
    state, since, reason = _state(entry, _away(lasts), newest, now)
    return Device(
        device=entry.device,
        kind=entry.kind,
        site=entry.site,
        title=entry.title,
        operator=entry.operator,
        longitude=entry.longitude,
        latitude=entry.latitude,
        floor=entry.floor,
        state=state,
        since=since,
        reason=reason,
        last_sample=newest,
        figure=_figure(samples),
    )


def _state(entry: Entry, away: int | None, newest: int | None, now: int) -> tuple[State, int | None, Text]:
    window = next((window for window in entry.maintenance if window.start <= now < window.end), None)
    if window is not None:
        planned = Text(
            id=f"Pemeliharaan: {window.reason or 'terencana'}",
            en=f"Maintenance: {window.reason or 'planned'}",
        )
        return State.MAINTAINED, window.start, planned
    if newest is None:
        return State.SILENT, None, _NEVER
    if away is not None and away >= newest:
        return State.OFFLINE, away, _AWAY
    limit = _limit(entry)
    if now - newest > limit:
        lama, long = (figures.duration(limit, language) for language in Language)
        silent = Text(
            id=f"Tidak ada data lebih dari {lama}; pulih saat data berikut tiba",
            en=f"No data for more than {long}; clears when the next arrives",
        )
        return State.STALE, newest + limit, silent
    return State.WELL, None, Text(id="", en="")


def _limit(entry: Entry) -> int:
    text = entry.labels.get("interval", "")
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return _INTERVALS * int(text) * instants.SECOND
    return _LIMITS[entry.kind]


def _away(lasts: Sequence[Last]) -> int | None:
    """Since when the device's last will says that it is away; None where it is not."""
    for last in lasts:
        if last.series.metric == _STATUS and isinstance(last.value, str) and "offline" in last.value:
            return last.time
    return None


def _figure(samples: Sequence[Last]) -> Figure | None:
    ranks = {metric: rank for rank, metric in enumerate(_HEADLINES)}
    best = min(
        samples,
        key=lambda last: (
            ranks.get(last.series.metric, len(ranks)),
            last.series.metric,
            last.series.instance,
        ),
        default=None,
    )
    if best is None:
        return None
    return Figure(
        metric=best.series.metric,
        label=_HEADLINES.get(best.series.metric) or _meaning(best.series.metric),
        instance=best.series.instance,
        unit=best.series.unit,
        value=best.value,
        time=best.time,
    )


def _meaning(metric: str) -> Text:
    known = measurements.find(metric)
    return known.text if known else Text(id=metric, en=metric)
