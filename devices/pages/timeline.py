"""What happened to a device: presence, commands, updates, shadow and registry in one list, newest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from city.audit import CITY, Kept
from city.audit.reading import kept
from city.audit.tables import entries
from contracts.commands import Type
from devices.commands.tables import commands, lines
from devices.presence.records import Change
from devices.presence.tables import changes
from devices.registry.voice import KIND as REGISTRY
from devices.shadow.model import Version
from devices.shadow.model import changes as differing
from devices.shadow.tables import versions

Place = tuple[int, int, int]  # time, source and number of the last line of a page
_UPDATES: Final = Type.UPDATE_AGENT.value


class Sort(StrEnum):
    """What a line is about, and in what order those of one instant stand."""

    PRESENCE = "presence"
    COMMANDS = "commands"
    UPDATES = "updates"
    SHADOW = "shadow"
    REGISTRY = "registry"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a command: a line of its history."""

    type: str
    state: str
    reason: str
    by: str  # who issued it
    why: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what was desired."""

    version: Version
    keys: tuple[str, ...]  # that differ from the version before


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    sort: Sort
    time: int  # µs UTC
    number: int  # tells those of one sort and instant apart
    what: Change | Step | Wish | Kept

    @property
    def place(self) -> Place:
        """Where it stands; a greater one is newer."""
        return self.time, _RANK[self.sort], self.number


_RANK: Final = {sort: rank for rank, sort in enumerate(Sort)}


def page(
    tx: Connection, device: str, *, sort: Sort | None = None, before: Place | None = None, limit: int
) -> list[Happening]:
    """A device's lines before a place, newest first."""
    wanted = Sort if sort is None else (sort,)
    found = [_SOURCES[one](tx, device, before, limit) for one in wanted]
    merged = heapq.merge(*found, key=attrgetter("place"), reverse=True)
    return [one for one, _ in zip(merged, range(limit), strict=False)]


def _before(
    sort: Sort, before: Place | None, time: ColumnElement[Any], number: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """Lines of one source that stand before a place."""
    if before is None:
        return []
    at, rank, last = before
    mine = _RANK[sort]
    if mine == rank:
        return [(time < at) | ((time == at) & (number < last))]
    return [time <= at] if mine < rank else [time < at]


def _presence(tx: Connection, device: str, before: Place | None, limit: int) -> list[Happening]:
    where = _before(Sort.PRESENCE, before, changes.c.time, changes.c.id)
    query = select(changes).where(changes.c.device == device, *where)
    rows = tx.execute(query.order_by(changes.c.time.desc(), changes.c.id.desc()).limit(limit)).mappings()
    fields = Change.__struct_fields__
    found = [msgspec.convert({name: row[name] for name in fields}, Change) for row in rows]
    return [Happening(sort=Sort.PRESENCE, time=one.time, number=one.id, what=one) for one in found]


def _steps(
    tx: Connection, device: str, before: Place | None, limit: int, sort: Sort, chosen: ColumnElement[bool]
) -> list[Happening]:
    query = (
        select(
            lines.c.id,
            lines.c.time,
            lines.c.state,
            lines.c.reason,
            commands.c.type,
            commands.c.by,
            commands.c.by_name,
            commands.c.why,
        )
        .join(commands, commands.c.id == lines.c.command)
        .where(commands.c.device == device, chosen, *_before(sort, before, lines.c.time, lines.c.id))
        .order_by(lines.c.time.desc(), lines.c.id.desc())
        .limit(limit)
    )
    return [
        Happening(
            sort=sort,
            time=row.time,
            number=row.id,
            what=Step(
                type=row.type, state=row.state, reason=row.reason, by=row.by_name or row.by, why=row.why
            ),
        )
        for row in tx.execute(query)
    ]


def _commands(tx: Connection, device: str, before: Place | None, limit: int) -> list[Happening]:
    return _steps(tx, device, before, limit, Sort.COMMANDS, commands.c.type != _UPDATES)


def _updates(tx: Connection, device: str, before: Place | None, limit: int) -> list[Happening]:
    return _steps(tx, device, before, limit, Sort.UPDATES, commands.c.type == _UPDATES)


def _shadow(tx: Connection, device: str, before: Place | None, limit: int) -> list[Happening]:
    where = _before(Sort.SHADOW, before, versions.c.time, versions.c.version)
    query = select(versions).where(versions.c.device == device, *where)
    newest = (versions.c.time.desc(), versions.c.version.desc())
    rows = tx.execute(query.order_by(*newest).limit(limit + 1)).mappings()
    fields = Version.__struct_fields__
    found = [msgspec.convert({name: row[name] for name in fields}, Version) for row in rows]
    return [
        Happening(
            sort=Sort.SHADOW,
            time=one.time,
            number=one.version,
            what=Wish(version=one, keys=tuple(key.key for key in differing(older, one.values))),
        )
        for one, older in zip(found, _olders(found), strict=True)
    ][:limit]


def _olders(found: Sequence[Version]) -> Iterable[dict[str, Any]]:
    return [*(one.values for one in found[1:]), {}][: len(found)]


def _registry(tx: Connection, device: str, before: Place | None, limit: int) -> list[Happening]:
    where = [entries.c.chain == CITY, entries.c.kind == REGISTRY, entries.c.record == device]
    where += _before(Sort.REGISTRY, before, entries.c.time, entries.c.id)
    query = select(entries).where(*where)
    rows = tx.execute(query.order_by(entries.c.time.desc(), entries.c.id.desc()).limit(limit))
    return [
        Happening(sort=Sort.REGISTRY, time=one.time, number=one.id, what=one)
        for one in (kept(row) for row in rows)
    ]


_SOURCES: Final = {
    Sort.PRESENCE: _presence,
    Sort.COMMANDS: _commands,
    Sort.UPDATES: _updates,
    Sort.SHADOW: _shadow,
    Sort.REGISTRY: _registry,
}
