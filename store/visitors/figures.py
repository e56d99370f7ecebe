"""What may be said of merged sketches, and as which samples. Pure but for the measuring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from contracts.series import Block, Series
from contracts.sketches import Subject
from contracts.topics import Kind
from store.visitors.merge import Measure, measure, union
from store.visitors.shelf import Hour, Level

LEAST: Final = 5  # fewer are not shown
DEVICE: Final = "visitors"  # under which a site's figures stand; its kind is `city`
METRICS: Final = {Subject.STATIONS: "visitors.unique", Subject.USERS: "visitors.users"}
STATE: Final = "visitors.state"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one key counted."""

    key: str  # its id
    value: float
    low: float
    high: float


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is shown of a site's hour or day; the value of `visitors.state`, as JSON."""

    state: Literal["counted", "suppressed", "key-changed"]
    devices: int  # that counted
    keys: int = 1  # more than one: a visitor may be in several parts, so nobody adds them up
    parts: tuple[Part, ...] = ()  # where the key changed: each key's own, those below LEAST left out
    measured: Measure | None = None  # never of fewer than LEAST


def of(hours: Iterable[Hour]) -> Figures:
    """Figures of hours of one site and subject.

    Where the key changed, the largest part is the value: at least so many there were. The upper bound is the
    sum, for all may have been others.
    """
    bodies: defaultdict[str, list[bytes]] = defaultdict(list)
    devices: set[str] = set()
    for hour in hours:
        bodies[hour.key].append(hour.body)
        devices.update(hour.devices)
    measures = {key: measure(union(found)) for key, found in bodies.items()}
    enough = {key: one for key, one in measures.items() if one.value >= LEAST}
    if not enough:
        return Figures(state="suppressed", devices=len(devices), keys=len(measures))
    most = max(enough.values())
    if len(measures) == 1:
        return Figures(state="counted", devices=len(devices), measured=most)
    parts = [Part(key=key, **enough[key]._asdict()) for key in sorted(enough)]
    # A part that is not shown counts as LEAST: its true number could be worked out from the sum otherwise.
    high = sum(one.high if one.value >= LEAST else float(LEAST) for one in measures.values())
    measured = Measure(most.value, max(one.low for one in enough.values()), high)
    return Figures(
        state="key-changed", devices=len(devices), keys=len(measures), parts=tuple(parts), measured=measured
    )


def series(site: str, metric: str, instance: str) -> Series:
    """Where a site's figure stands."""
    unit = "" if metric == STATE else "count"
    return Series(site=site, kind=Kind.CITY, device=DEVICE, metric=metric, instance=instance, unit=unit)


def value_series(site: str, subject: Subject, level: Level) -> Series:
    """Where the estimate itself stands."""
    return series(site, METRICS[subject], _word(level))


def samples(block: Block, site: str, subject: Subject, level: Level, time: int, figures: Figures) -> None:
    """Append the samples that tell the figures, at the start of their hour or day."""
    told = msgspec.structs.replace(figures, measured=None)
    state = series(site, STATE, f"{subject}.{_word(level)}")
    block.append(state, time, msgspec.json.encode(told).decode())
    if figures.measured is not None:
        names: Sequence[str] = ("", ".low", ".high")
        for suffix, number in zip(names, figures.measured, strict=True):
            block.append(series(site, METRICS[subject] + suffix, _word(level)), time, number)


def _word(level: Level) -> str:
    return "day" if level is Level.DAY else "hour"
