"""Visitors of each site as the live page shows them: the last hour and the last day that are over. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from contracts import instants, visitors
from contracts.series import Last, Selector
from contracts.sketches import Subject
from contracts.topics import Kind
from contracts.visitors import State

SELECTED = Selector(kind=Kind.CITY, devices=(visitors.DEVICE,))
_METRIC = visitors.METRICS[Subject.STATIONS]
_LATE = {visitors.HOUR: 3 * instants.HOUR, visitors.DAY: 2 * instants.DAY}  # age at which a figure is old
_LENGTH = {visitors.HOUR: instants.HOUR, visitors.DAY: instants.DAY}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Of one hour or day."""

    state: State
    value: float | None  # None: fewer than are shown
    low: float | None
    high: float | None
    devices: int
    end: int  # µs UTC at which the hour or day was over
    stale: bool


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Of one site."""

    site: str
    hour: Figure | None
    day: Figure | None


def of(lasts: Iterable[Last], now: int) -> list[Site]:
    """Sites that have figures, in order."""
    by_site: defaultdict[str, dict[tuple[str, str], Last]] = defaultdict(dict)
    for last in lasts:
        by_site[last.series.site][last.series.metric, last.series.instance] = last
    return [
        Site(
            site=site,
            hour=_figure(found, visitors.HOUR, now),
            day=_figure(found, visitors.DAY, now),
        )
        for site, found in sorted(by_site.items())
    ]


def _figure(found: dict[tuple[str, str], Last], over: str, now: int) -> Figure | None:
    """What the newest state tells; numbers of an earlier hour are not its own."""
    state = found.get((visitors.STATE, f"{Subject.STATIONS}.{over}"))
    told = visitors.told(state.value) if state else None
    if state is None or told is None:
        return None
    value, low, high = (
        last.value
        if (last := found.get((_METRIC + suffix, over)))
        and last.time == state.time
        and isinstance(last.value, float)
        else None
        for suffix in ("", ".low", ".high")
    )
    end = state.time + _LENGTH[over]
    return Figure(
        state=told.state,
        value=value,
        low=low,
        high=high,
        devices=told.devices,
        end=end,
        stale=now - end > _LATE[over],
    )
