"""Rows ↔ records of presence. Calls take part in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from contracts.presence import Presence, Reason, State
from devices.presence.fleet import Site
from devices.presence.tables import changes, presence, sites

T = TypeVar("T")
_FIELDS: Final = Presence.__struct_fields__
_AT_ONCE: Final = 500  # rows a statement
_FORGOTTEN: Final = 10_000  # changes a transaction


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a device's presence."""

    id: int
    device: str
    time: int  # µs UTC
    state: State
    reason: Reason
    epoch: int


_STEPS: Final = Change.__struct_fields__


def some(
    tx: Connection,
    *where: ColumnElement[bool],
    after: tuple[str, str] | None = None,
    limit: int | None = None,
) -> list[Presence]:
    """Devices in order of (site, device), after one."""
    query = select(presence).where(*where).order_by(presence.c.site, presence.c.device).limit(limit)
    if after is not None:
        query = query.where(tuple_(presence.c.site, presence.c.device) > tuple_(*map(literal, after)))
    rows = tx.execute(query).mappings()
    return [msgspec.convert({name: row[name] for name in _FIELDS}, Presence) for row in rows]


def put(tx: Connection, found: Sequence[Presence], *, lite: bool) -> None:
    """Keep what is known of devices now."""
    build = sqlite.insert if lite else postgresql.insert
    for part in _parts([msgspec.to_builtins(one) for one in found]):
        new = build(presence).values(part)
        told = {name: new.excluded[name] for name in _FIELDS if name != "device"}
        tx.execute(new.on_conflict_do_update(index_elements=[presence.c.device], set_=told))


def note(tx: Connection, found: Sequence[Presence], now: int) -> None:
    """Keep that they came into these states."""
    rows = [
        {"device": one.device, "time": now, "state": one.state, "reason": one.reason, "epoch": one.epoch}
        for one in found
    ]
    for part in _parts(rows):
        tx.execute(insert(changes), part)


def remove(tx: Connection, devices: Sequence[str]) -> None:
    """Forget devices that are no longer in the roster; their changes stay until they are old."""
    for part in _parts(list(devices)):
        tx.execute(delete(presence).where(presence.c.device.in_(part)))


def timeline(tx: Connection, device: str, *, before: int | None = None, limit: int = 100) -> list[Change]:
    """A device's changes, newest first, before one."""
    query = select(changes).where(changes.c.device == device).order_by(changes.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(changes.c.id < before)
    rows = tx.execute(query).mappings()
    return [msgspec.convert({name: row[name] for name in _STEPS}, Change) for row in rows]


def forget(tx: Connection, before: int) -> int:
    """Remove changes older than this; how many, at most as many as a short transaction bears."""
    old = select(changes.c.id).where(changes.c.time < before).order_by(changes.c.id).limit(_FORGOTTEN)
    return tx.execute(delete(changes).where(changes.c.id.in_(old.scalar_subquery()))).rowcount


def put_sites(tx: Connection, known: Mapping[str, Site], *, lite: bool) -> None:
    """Keep how sites fare."""
    build = sqlite.insert if lite else postgresql.insert
    rows = [
        {"site": name, "raised": site.raised, "down": site.down, "members": site.members}
        for name, site in known.items()
    ]
    for part in _parts(rows):
        new = build(sites).values(part)
        told = {name: new.excluded[name] for name in ("raised", "down", "members")}
        tx.execute(new.on_conflict_do_update(index_elements=[sites.c.site], set_=told))


def raised_sites(tx: Connection) -> dict[str, int]:
    """Sites of which alerts knows, and since when (µs UTC)."""
    rows = tx.execute(select(sites.c.site, sites.c.raised).where(sites.c.raised > 0))
    return {row.site: row.raised for row in rows}


def _parts(rows: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
