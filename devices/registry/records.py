"""Rows ↔ records: how devices lie in the tables, and the mark that counts their changes."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from devices.registry.model import Device
from devices.registry.tables import devices, marks

FIELDS: Final = Device.__struct_fields__
_MARK: Final = "devices"


def device(row: RowMapping) -> Device:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in FIELDS}, Device)


def find(tx: Connection, id_: str, *, lock: bool = False) -> Device | None:
    """One device, or None; `lock`: until the transaction ends."""
    query = select(devices).where(devices.c.device == id_)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else device(row)


def some(
    tx: Connection, *where: ColumnElement[bool], after: str = "", limit: int | None = None
) -> list[Device]:
    """Devices in order of their id, after one."""
    query = select(devices).where(*where).order_by(devices.c.device).limit(limit)
    if after:
        query = query.where(devices.c.device > after)
    return [device(row) for row in tx.execute(query).mappings()]


def since(tx: Connection, mark: int) -> list[Device]:
    """What was changed after a mark."""
    return some(tx, devices.c.mark > mark)


def mark(tx: Connection) -> int:
    """Grows with every change of any device."""
    return int(tx.execute(select(marks.c.revision).where(marks.c.name == _MARK)).scalar_one())


def touch(tx: Connection) -> int:
    """The mark of a change that follows; whoever changes devices waits here for the one before him.

    So marks come to light in their order, and a reader who has seen one has seen all below it.
    """
    grown = update(marks).where(marks.c.name == _MARK).values(revision=marks.c.revision + 1)
    return int(tx.execute(grown.returning(marks.c.revision)).scalar_one())


def add(tx: Connection, new: Device, mark: int) -> None:
    """Keep a new device."""
    tx.execute(insert(devices).values(**_columns(new, mark)))


def put(tx: Connection, new: Device, mark: int) -> None:
    """Keep a device's changes."""
    tx.execute(update(devices).where(devices.c.device == new.device).values(**_columns(new, mark)))


def _columns(of: Device, mark: int) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(of)
    return values | {"mark": mark}
