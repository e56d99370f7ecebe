"""The roll-up of sketches: merge what came by site and hour, show the figures of hours and days gone by.

Nothing here depends on order or number of arrivals: merging what is in already changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from contracts import sitekeys, sketches
from contracts.errors import Refused
from contracts.instants import HOUR, floor
from contracts.series import Block, Data, Selector
from contracts.sketches import Sketch, Subject
from contracts.visitors import LEAST
from store import errors
from store.port import GRACE, Engine
from store.visitors import figures, merge
from store.visitors.shelf import Hour, Level, Place, Shelf, Turn, Waiting

BATCH: Final = 200  # sketches of one transaction: some 20 ms
MOST_KEYS: Final = (
    8  # of one site and hour: a holder that starts again makes one, a device that lies makes many
)
_PLACES: Final = 500  # hours of which figures are made in one go
_log: Final = logging.getLogger(__name__)


class _Group(NamedTuple):
    site: str
    subject: Subject
    start: int
    key: str
    day: str


class _LeftOut(Exception):
    """These sketches do not merge, and never will."""


class Visitors:
    """Run by the store's upkeep; several processes may."""

    def __init__(self, shelf: Shelf, engine: Engine, *, keep: int) -> None:
        self._shelf = shelf
        self._engine = engine
        self._keep = keep  # µs for which hours stay open to what comes late

    def run(self, now: int) -> int:
        """Merge, show, forget; return of how many hours and days figures were written."""
        oldest, _ = sitekeys.bounds(sitekeys.day_of(now - self._keep))  # never half a day
        left_out = self._merge(oldest)
        for reason, count in left_out.items():
            _log.warning("%d sketches of visitors left out: %s", count, reason)
        shown = self._show(Level.HOUR, floor(now - GRACE, HOUR))
        shown += self._show(Level.DAY, sitekeys.bounds(sitekeys.day_of(now - GRACE))[0])
        with self._shelf.turn() as turn:
            turn.expire(oldest)
        return shown

    def _merge(self, oldest: int) -> Counter[str]:
        left_out: Counter[str] = Counter()
        while True:
            with self._shelf.turn() as turn:
                waiting = turn.waiting(BATCH)
                for group, found in _groups(waiting, oldest, left_out).items():
                    try:
                        _put(turn, group, found)
                    except _LeftOut as error:
                        left_out[str(error)] += len(found)
                turn.forget(waiting)
            if len(waiting) < BATCH:
                return left_out

    def _show(self, level: Level, before: int) -> int:
        shown = 0
        while True:
            with self._shelf.turn() as turn:
                due = turn.due(level, before, _PLACES)
                places = sorted({_place(hour, level) for hour in due})
                hours = {place: turn.hours(*place) for place in places}
            if not places:
                return shown
            block = Block()
            for place in places:
                found = figures.of(hours[place])
                if self._moved(place, level, found):
                    figures.samples(block, place.site, place.subject, level, place.first, found)
                    shown += 1
            if len(block):
                self._engine.write(block)
            with self._shelf.turn() as turn:
                turn.settle([hour for found in hours.values() for hour in found], level)

    def _moved(self, place: Place, level: Level, found: figures.Figures) -> bool:
        """Whether figures may move that were shown: laid beside the old ones they must not tell of a few."""
        if found.measured is None:
            return True
        series = figures.value_series(place.site, place.subject, level)
        new = {series.metric: found.measured.value, f"{series.metric}.high": found.measured.high}
        selector = Selector(
            site=series.site,
            kind=series.kind,
            devices=(series.device,),
            metrics=tuple(new),
            instance=series.instance,
        )
        shown = self._engine.range(selector, place.first, place.first + 1)
        still = [
            abs(new[points.series.metric] - value) < LEAST
            for points in shown
            for value in points.values
            if isinstance(value, float)
        ]
        return not still or not all(still)


def _groups(
    waiting: Sequence[Waiting], oldest: int, left_out: Counter[str]
) -> dict[_Group, list[tuple[str, Sketch]]]:
    """What merges with what."""
    groups: defaultdict[_Group, list[tuple[str, Sketch]]] = defaultdict(list)
    for one in waiting:
        try:
            sketch = sketches.decode(Data(one.value))
        except Refused as error:
            left_out[f"{error.field}: {error.reason}"] += 1
            continue
        if sketch.hour < oldest:
            left_out["too late"] += 1
            continue
        group = _Group(sketch.site, sketch.subject, sketch.hour, sketch.key, sketch.day)
        groups[group].append((one.device, sketch))
    return groups


def _put(turn: Turn, group: _Group, found: Sequence[tuple[str, Sketch]]) -> None:
    """Merge into the hour. Raises _LeftOut."""
    there = turn.hours(group.site, group.subject, group.start, group.start + HOUR)
    old = next((hour for hour in there if hour.key == group.key), None)
    if old is None and len(there) >= MOST_KEYS:
        raise _LeftOut(f"more than {MOST_KEYS} keys in one hour of {group.site}")
    bodies = [sketch.body for _, sketch in found]
    devices = {device for device, _ in found}
    try:
        body = merge.union([old.body, *bodies] if old else bodies)
    except errors.Failure as error:
        raise _LeftOut(str(error)) from error
    if old is None:
        turn.put(Hour(**group._asdict(), body=body, devices=tuple(sorted(devices))))
        return
    known = tuple(sorted(devices | set(old.devices)))
    if (body, known) != (old.body, old.devices):
        due = Level.HOUR | Level.DAY
        turn.put(msgspec.structs.replace(old, body=body, devices=known, due=due, version=old.version + 1))


def _place(hour: Hour, level: Level) -> Place:
    if level is Level.HOUR:
        return Place(hour.site, hour.subject, hour.start, hour.start + HOUR)
    first, last = sitekeys.bounds(hour.day)
    return Place(hour.site, hour.subject, first, last)
