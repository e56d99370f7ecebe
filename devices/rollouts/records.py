"""Rows ↔ records: how rollouts and their devices lie in the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from devices.rollouts.model import Item, Rollout
from devices.rollouts.tables import items, rollouts

FIELDS: Final = Rollout.__struct_fields__
_CHUNK: Final = 500  # rows written at once


def rollout(row: RowMapping) -> Rollout:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in FIELDS}, Rollout)


def find(tx: Connection, key: str, *, lock: bool = False) -> Rollout | None:
    """One rollout, or None; `lock`: until the transaction ends."""
    query = select(rollouts).where(rollouts.c.id == key)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else rollout(row)


def some(tx: Connection, *where: ColumnElement[bool], limit: int) -> list[Rollout]:
    """Rollouts, newest first."""
    query = (
        select(rollouts).where(*where).order_by(rollouts.c.created.desc(), rollouts.c.id.desc()).limit(limit)
    )
    return [rollout(row) for row in tx.execute(query).mappings()]


def add(tx: Connection, new: Rollout, devices: Sequence[str]) -> None:
    """Keep a new rollout with its devices in their order."""
    tx.execute(insert(rollouts).values(msgspec.to_builtins(new)))
    rows = [
        _columns(Item(rollout=new.id, device=device, place=place)) for place, device in enumerate(devices)
    ]
    for start in range(0, len(rows), _CHUNK):
        tx.execute(insert(items), rows[start : start + _CHUNK])


def put(tx: Connection, new: Rollout) -> None:
    """Keep a rollout's changes; where it is over its devices are free for another."""
    tx.execute(update(rollouts).where(rollouts.c.id == new.id).values(msgspec.to_builtins(new)))
    if new.over:
        tx.execute(update(items).where(items.c.rollout == new.id).values(claim=None))


def put_items(tx: Connection, changed: Iterable[Item]) -> None:
    """Keep where devices stand."""
    for item in changed:
        values = _columns(item)
        del values["claim"]
        tx.execute(
            update(items).where(items.c.rollout == item.rollout, items.c.device == item.device).values(values)
        )


def of(
    tx: Connection, key: str, *where: ColumnElement[bool], after: int = -1, limit: int | None = None
) -> list[Item]:
    """Devices of a rollout in their order, after a place."""
    query = select(items).where(items.c.rollout == key, items.c.place > after, *where)
    rows = tx.execute(query.order_by(items.c.place).limit(limit)).mappings()
    return [msgspec.convert({name: row[name] for name in Item.__struct_fields__}, Item) for row in rows]


def counts(tx: Connection, key: str) -> dict[str, int]:
    """State → devices of a rollout in it."""
    query = select(items.c.state, func.count()).where(items.c.rollout == key).group_by(items.c.state)
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def claimed(tx: Connection, devices: Sequence[str]) -> dict[str, str]:
    """Those of these devices that are part of a rollout that is not over → which."""
    found: dict[str, str] = {}
    for start in range(0, len(devices), _CHUNK):
        chosen = items.c.claim.in_(devices[start : start + _CHUNK])
        rows = tx.execute(select(items.c.device, items.c.rollout).where(chosen))
        found.update({row.device: row.rollout for row in rows})
    return found


def _columns(item: Item) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(item)
    return values | {"claim": item.device}
