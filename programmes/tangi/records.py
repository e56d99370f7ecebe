"""Rows ↔ records: how incidents, timelines and numbers lie in the tables."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.sql import ColumnElement, Select

from contracts import instants
from programmes.tangi.model import WORKING, Entry, Incident
from programmes.tangi.tables import entries, incidents, numbers

_ZONE: Final = ZoneInfo("Asia/Jakarta")  # people read the year in a number
_FIELDS: Final = Incident.__struct_fields__


def incident(row: RowMapping) -> Incident:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in _FIELDS}, Incident)


def find(tx: Connection, *where: ColumnElement[bool]) -> Incident | None:
    """The newest incident of which this is true, locked until the transaction ends."""
    query: Select[Any] = (
        select(incidents).where(*where).order_by(incidents.c.opened.desc(), incidents.c.id.desc()).limit(1)
    )
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else incident(row)


def add(tx: Connection, new: Incident) -> None:
    """Keep a new incident."""
    tx.execute(insert(incidents).values(**_columns(new)))


def change(tx: Connection, old: Incident, **changes: object) -> Incident:
    """Keep an incident's changes as its next revision."""
    new = msgspec.structs.replace(old, revision=old.revision + 1, **changes)
    tx.execute(update(incidents).where(incidents.c.id == old.id).values(**_columns(new)))
    return new


def note(tx: Connection, of: Incident, entry: Entry, *, who: str = "") -> None:
    """Add a line to the timeline. `who`: id of the person who acted."""
    tx.execute(insert(entries).values(incident=of.id, who=who, **msgspec.to_builtins(entry)))


def actors(tx: Connection, of: Incident) -> set[str]:
    """Ids of the people who acted on an incident."""
    query = select(entries.c.who).where(entries.c.incident == of.id, entries.c.who != "").distinct()
    return set(tx.execute(query).scalars())


def note_again(tx: Connection, of: Incident, entry: Entry) -> None:
    """Add a line, or renew the last one where it tells the same kind of thing: updates flood nothing."""
    last = (
        tx.execute(select(entries).where(entries.c.incident == of.id).order_by(entries.c.id.desc()).limit(1))
        .mappings()
        .one_or_none()
    )
    if last is not None and (last["kind"], last["what"]) == (entry.kind, entry.what):
        values = msgspec.to_builtins(entry)
        tx.execute(update(entries).where(entries.c.id == last["id"]).values(**values))
    else:
        note(tx, of, entry)


def timeline(tx: Connection, of: Incident) -> tuple[Entry, ...]:
    """Lines of an incident, oldest first."""
    rows = tx.execute(select(entries).where(entries.c.incident == of.id).order_by(entries.c.id)).mappings()
    return tuple(
        msgspec.convert({name: row[name] for name in Entry.__struct_fields__}, Entry) for row in rows
    )


def number(tx: Connection, time: int) -> str:
    """Next number of the year, for people; a number may be missing, none comes twice."""
    year = instants.to_datetime(time).astimezone(_ZONE).year
    last = tx.execute(
        update(numbers)
        .where(numbers.c.year == year)
        .values(last=numbers.c.last + 1)
        .returning(numbers.c.last)
    ).scalar_one_or_none()
    if last is None:
        last = 1
        tx.execute(insert(numbers).values(year=year, last=last))
    return f"TGI-{year}-{last:06d}"


def _columns(of: Incident) -> dict[str, Any]:
    working = of.state in WORKING
    values: dict[str, Any] = msgspec.to_builtins(of)
    return values | {"working": working, "claim": (of.fingerprint or None) if working else None}
