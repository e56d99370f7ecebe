"""Rows ↔ records: how shadows and their versions lie in the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from city.db import Database
from city.db.database import new_or_nothing
from contracts.roster import Entry
from devices.shadow import model
from devices.shadow.model import Shadow, Version
from devices.shadow.tables import shadows, versions

FIELDS: Final = Shadow.__struct_fields__
_CHUNK: Final = 500  # ids asked for at once


def shadow(row: RowMapping) -> Shadow:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in FIELDS}, Shadow)


def find(tx: Connection, device: str) -> Shadow | None:
    """One shadow, or None."""
    row = tx.execute(select(shadows).where(shadows.c.device == device)).mappings().one_or_none()
    return None if row is None else shadow(row)


def held(tx: Connection, db: Database, entry: Entry) -> Shadow:
    """The shadow of a device, locked until the transaction ends; made where there is none."""
    tx.execute(new_or_nothing(db, shadows), _columns(model.new(entry)))
    row = (
        tx.execute(select(shadows).where(shadows.c.device == entry.device).with_for_update()).mappings().one()
    )
    found = shadow(row)
    return msgspec.structs.replace(found, site=entry.site, kind=entry.kind)  # as the roster knows it now


def some(tx: Connection, *where: ColumnElement[bool], after: str = "", limit: int) -> list[Shadow]:
    """Shadows in order of their devices' ids, after one."""
    query = select(shadows).where(*where).order_by(shadows.c.device).limit(limit)
    if after:
        query = query.where(shadows.c.device > after)
    return [shadow(row) for row in tx.execute(query).mappings()]


def of(tx: Connection, devices: Sequence[str]) -> dict[str, Shadow]:
    """Device → its shadow, of those that have one."""
    found: dict[str, Shadow] = {}
    for start in range(0, len(devices), _CHUNK):
        chosen = shadows.c.device.in_(devices[start : start + _CHUNK])
        found.update({one.device: one for one in some(tx, chosen, limit=_CHUNK)})
    return found


def put(tx: Connection, new: Shadow) -> None:
    """Keep a shadow's changes."""
    tx.execute(update(shadows).where(shadows.c.device == new.device).values(_columns(new)))


def keep(tx: Connection, new: Shadow, source: str) -> None:
    """Keep a new version as part of the history."""
    row = {
        "device": new.device,
        "version": new.version,
        "values": new.values,
        "time": new.changed,
        "by": new.by,
        "by_name": new.by_name,
        "why": new.why,
        "source": source,
    }
    tx.execute(insert(versions).inline(), row)


def version(tx: Connection, device: str, number: int) -> Version | None:
    """One version, or None."""
    found = history(tx, device, before=number + 1, limit=1)
    return found[0] if found and found[0].version == number else None


def history(tx: Connection, device: str, *, before: int | None = None, limit: int) -> list[Version]:
    """Versions of a device, newest first, before one."""
    query = (
        select(versions).where(versions.c.device == device).order_by(versions.c.version.desc()).limit(limit)
    )
    if before is not None:
        query = query.where(versions.c.version < before)
    fields = Version.__struct_fields__
    return [
        msgspec.convert({name: row[name] for name in fields}, Version) for row in tx.execute(query).mappings()
    ]


def _columns(of: Shadow) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(of)
    return values | {"settled": of.settled}
