"""The board: all devices with how they stand, read once for everybody who looks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import func, select

from city.db import Database
from city.db.lease import leases
from city.identity.caller import Caller
from contracts.instants import SECOND
from contracts.roster import Entry, Reader
from contracts.topics import Kind
from devices.pages.standing import Line, Standing, unheard
from devices.presence import records as seen
from devices.presence.tables import changes
from devices.registry import Device, State, records
from devices.roles import READ
from runtime.clock import Clock

Place = tuple[int, int, str, str]  # rank of the last line of a page
_RELAY: Final = "outbox"  # the lease of the process in which presence is watched
_GONE: Final = 15 * SECOND  # after its end: another takes over sooner where there is one
_OLDEST: Final = 15 * SECOND  # so old may be when a device was last heard


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices: each given field must match."""

    standing: Standing | None = None
    kind: Kind | None = None
    site: str = ""
    operator: str = ""
    part: str = ""  # of id, name, site or operator

    def matches(self, device: Device) -> bool:
        """Whether all but the standing is so."""
        part = self.part.casefold()
        return (
            (self.kind is None or device.kind == self.kind)
            and (not self.site or device.site == self.site)
            and (not self.operator or device.operator == self.operator)
            and (
                not part
                or part in f"{device.device}\n{device.title}\n{device.site}\n{device.operator}".casefold()
            )
        )


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many stand how, under one name."""

    name: str
    counts: dict[Standing, int]  # the worst first; none of zero
    total: int

    @property
    def worst(self) -> Standing:
        """How the worst of them stands."""
        return next(iter(self.counts))


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What of the board was asked for."""

    lines: tuple[Line, ...]
    total: int  # of these, on all pages
    counts: dict[Standing, int]  # of those that fit but for the standing
    sites: tuple[Tally, ...]
    operators: tuple[Tally, ...]
    all_sites: tuple[str, ...]  # that may be asked for
    all_operators: tuple[str, ...]
    next: Place | None

    @property
    def everything(self) -> int:
        """How many fit, however they stand."""
        return sum(self.counts.values())


class Board:
    """Calls block: use a thread. Raises Unavailable."""

    def __init__(self, db: Database, roster: Reader, clock: Clock) -> None:
        self._db = db
        self._roster = roster
        self._clock = clock
        self._lock = threading.Lock()
        self._key: tuple[int, ...] = ()
        self._lines: tuple[Line, ...] = ()

    def unwatched(self) -> int | None:
        """Since when nobody watches the devices (µs UTC; 0: never did), or None where somebody does."""
        with self._db.read() as tx:
            until = tx.execute(select(leases.c.until).where(leases.c.name == _RELAY)).scalar_one_or_none()
            if until is not None and until > self._clock.now() - _GONE:
                return None
            last = tx.execute(select(func.max(changes.c.time))).scalar_one()
        return max(until or 0, last or 0)

    def lines(self, caller: Caller) -> list[Line]:
        """All devices that the caller may see."""
        mine = caller.units(READ)
        found = self._all()
        return [line for line in found if mine is None or line.device.unit in mine]

    def view(self, caller: Caller, wanted: Wanted, *, after: Place | None, limit: int) -> View:
        """A page, the worst first, and how many there are of each."""
        now = self._clock.now()
        seen_all = wanted.standing is Standing.RETIRED or bool(wanted.part)
        lines = self.lines(caller)
        fitting = [(line, line.standing(now)) for line in lines if wanted.matches(line.device)]
        fitting = [one for one in fitting if seen_all or one[1] is not Standing.RETIRED]
        chosen = [line for line, standing in fitting if wanted.standing in {None, standing}]
        ranked = sorted(((line.rank(now), line) for line in chosen), key=itemgetter(0))
        rest = [(place, line) for place, line in ranked if after is None or place > after]
        return View(
            lines=tuple(line for _, line in rest[:limit]),
            total=len(chosen),
            counts=_ordered(Counter(standing for _, standing in fitting)),
            sites=tallies((line.device.site, standing) for line, standing in fitting),
            operators=tallies((line.device.operator, standing) for line, standing in fitting),
            all_sites=tuple(sorted({line.device.site for line in lines})),
            all_operators=tuple(sorted({line.device.operator for line in lines} - {""})),
            next=rest[limit - 1][0] if len(rest) > limit else None,
        )

    def _all(self) -> tuple[Line, ...]:
        with self._lock, self._db.read() as tx:
            newest = tx.execute(select(func.max(changes.c.id))).scalar_one() or 0
            key = (records.mark(tx), newest, self._clock.now() // _OLDEST)
            if key == self._key:
                return self._lines
            registered = records.some(tx)
            known = {one.device: one for one in seen.some(tx)}
            ids = {device.device for device in registered}
            of_file = [entry for entry in self._roster.list() if entry.device not in ids]
            found = [(device, False) for device in registered]
            found += [(as_device(entry), True) for entry in of_file]
            self._lines = tuple(
                Line(device=device, presence=known.get(device.device) or unheard(device), of_file=file)
                for device, file in found
            )
            self._key = key
            return self._lines


def as_device(entry: Entry) -> Device:
    """A device of the roster's file, as the registry would have it."""
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    return Device(**fields, state=State.ENROLLED, revision=0)


def tallies(found: Iterable[tuple[str, Standing]]) -> tuple[Tally, ...]:
    """Pairs of name and standing → how many of each, the worst name first."""
    counted: dict[str, Counter[Standing]] = {}
    for name, standing in found:
        counted.setdefault(name, Counter())[standing] += 1
    made = [
        Tally(name=name, counts=_ordered(counts), total=counts.total()) for name, counts in counted.items()
    ]
    order = list(Standing)
    return tuple(sorted(made, key=lambda one: (order.index(one.worst), -one.counts[one.worst], one.name)))


def _ordered(counts: Counter[Standing]) -> dict[Standing, int]:
    return {standing: counts[standing] for standing in Standing if counts[standing]}
