"""Rows ↔ records of people."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.sql import ColumnElement

from city.identity.errors import Stale, Unknown
from city.identity.model import Person
from city.identity.tables.people import people

_FIELDS: Final = Person.__struct_fields__


def person(row: RowMapping) -> Person:
    """Row → record."""
    values = {name: row[name] for name in _FIELDS}
    return msgspec.convert(values | {"login": row["login"] or ""}, Person)


def find(tx: Connection, *where: ColumnElement[bool], lock: bool = False) -> Person | None:
    """The person of whom this is true; with `lock` nobody else changes him until the transaction ends."""
    query = select(people).where(*where)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else person(row)


def get(tx: Connection, id_: str, *, lock: bool = False) -> Person:
    """One person. Raises Unknown."""
    found = find(tx, people.c.id == id_, lock=lock)
    if found is None:
        raise Unknown("person", id_)
    return found


def change(tx: Connection, old: Person, now: int, **changes: object) -> Person:
    """Keep a person's changes as his next revision. Raises Stale where somebody was quicker."""
    new = msgspec.structs.replace(old, revision=old.revision + 1, updated=now, **changes)
    mine = (people.c.id == old.id) & (people.c.revision == old.revision)
    if not tx.execute(update(people).where(mine).values(**columns(new))).rowcount:
        raise Stale("person", old.revision, get(tx, old.id).revision)
    return new


def columns(of: Person) -> dict[str, Any]:
    """Record → columns."""
    values: dict[str, Any] = msgspec.to_builtins(of)
    return values | {"login": of.login or None}
