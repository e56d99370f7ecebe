"""What may be said of merged sketches, and as which samples. Pure but for the measuring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from contracts import visitors
from contracts.series import Block, Series
from contracts.sketches import Subject
from contracts.topics import Kind
from contracts.visitors import LEAST, METRICS, STATE, Part, State, Told
from store.visitors.merge import Measure, measure, union
from store.visitors.shelf import Hour, Level


class Figures(NamedTuple):
    """What is shown of a site's hour or day."""

    told: Told
    measured: Measure | None  # never of fewer than LEAST


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
        return Figures(Told(state=State.SUPPRESSED, devices=len(devices), keys=len(measures)), None)
    most = max(enough.values())
    if len(measures) == 1:
        return Figures(Told(state=State.COUNTED, devices=len(devices)), most)
    parts = tuple(Part(key=key, **enough[key]._asdict()) for key in sorted(enough))
    # A part that is not shown counts as LEAST: its true number could be worked out from the sum otherwise.
    high = sum(one.high if one.value >= LEAST else float(LEAST) for one in measures.values())
    told = Told(state=State.KEY_CHANGED, devices=len(devices), keys=len(measures), parts=parts)
    return Figures(told, Measure(most.value, max(one.low for one in enough.values()), high))


def series(site: str, metric: str, instance: str) -> Series:
    """Where a site's figure stands."""
    unit = "" if metric == STATE else "count"
    return Series(
        site=site, kind=Kind.CITY, device=visitors.DEVICE, metric=metric, instance=instance, unit=unit
    )


def value_series(site: str, subject: Subject, level: Level) -> Series:
    """Where the estimate itself stands."""
    return series(site, METRICS[subject], _word(level))


def samples(block: Block, site: str, subject: Subject, level: Level, time: int, figures: Figures) -> None:
    """Append the samples that tell the figures, at the start of their hour or day."""
    state = series(site, STATE, f"{subject}.{_word(level)}")
    block.append(state, time, msgspec.json.encode(figures.told).decode())
    if figures.measured is not None:
        for suffix, number in zip(("", ".low", ".high"), figures.measured, strict=True):
            block.append(series(site, METRICS[subject] + suffix, _word(level)), time, number)


def _word(level: Level) -> str:
    return visitors.DAY if level is Level.DAY else visitors.HOUR
