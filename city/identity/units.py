"""The city's units: a tree that few people change. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from city.db import Database
from city.identity import tree
from city.identity.caller import EVERYWHERE, Caller
from city.identity.errors import NotNow, Taken, Unknown
from city.identity.fields import current, line, need, slug
from city.identity.model import Unit, UnitKind
from city.identity.notes import Notes
from city.identity.tables.people import units
from contracts.errors import Refused
from runtime.clock import Clock

MANAGE: Final = "identity.units.manage"
_DEEPEST: Final = 12  # levels: more is a mistake, and every look goes through them


class Units:
    """Lists units and changes them."""

    def __init__(self, db: Database, *, clock: Clock, notes: Notes) -> None:
        self._db = db
        self._clock = clock
        self._notes = notes

    def list(self, *, retired: bool = False) -> Sequence[Unit]:
        """All units by name: some hundreds."""
        query = select(units).order_by(units.c.name, units.c.id)
        if not retired:
            query = query.where(units.c.retired.is_(False))
        with self._db.read() as tx:
            return [_unit(row) for row in tx.execute(query).mappings()]

    def get(self, unit: str) -> Unit:
        """One unit. Raises Unknown."""
        with self._db.read() as tx:
            return _find(tx, unit)

    def add(
        self,
        by: Caller,
        *,
        id: str,  # noqa: A002 - the unit's
        kind: UnitKind,
        name: str,
        parent: str = EVERYWHERE,
        code: str = "",
    ) -> Unit:
        """Add a unit below another. Raises Refused, Taken, Unknown, NotNow, Forbidden."""
        need(by, MANAGE, parent)
        now = self._clock.now()
        new = Unit(
            id=slug("unit", id),
            parent=parent,
            kind=kind,
            name=line("name", name),
            code=line("code", code, most=40, empty=True),
            revision=1,
            retired=False,
            created=now,
            updated=now,
        )
        with self._db.begin() as tx:
            known = tree.hold(tx)
            if new.id in known:
                raise Taken("unit", new.id)
            _place(tx, known, new.id, parent)
            tx.execute(insert(units).values(**_columns(new)))
            self._note(tx, by, "unit.added", new, ("kind", "name", "parent", "code"))
        return new

    def change(
        self,
        by: Caller,
        unit: str,
        revision: int,
        *,
        name: str | None = None,
        code: str | None = None,
        parent: str | None = None,
        retired: bool | None = None,
    ) -> Unit:
        """Change what is given. Raises Unknown, Stale, Refused, NotNow, Forbidden."""
        with self._db.begin() as tx:
            known = tree.hold(tx)
            old = _find(tx, unit)
            need(by, MANAGE, unit)
            current("unit", old.revision, revision)
            wanted: dict[str, Any] = {}
            if name is not None:
                wanted["name"] = line("name", name)
            if code is not None:
                wanted["code"] = line("code", code, most=40, empty=True)
            if retired is not None:
                wanted["retired"] = retired
            if parent is not None and parent != old.parent:
                need(by, MANAGE, old.parent)
                need(by, MANAGE, parent)
                _place(tx, known, unit, parent)
                wanted["parent"] = parent
            changed = tuple(field for field, value in wanted.items() if getattr(old, field) != value)
            if not changed:
                return old
            new = msgspec.structs.replace(old, revision=revision + 1, updated=self._clock.now(), **wanted)
            tx.execute(update(units).where(units.c.id == unit).values(**_columns(new)))
            self._note(tx, by, "unit.changed", new, changed)
        return new

    def _note(self, tx: Connection, by: Caller, action: str, unit: Unit, changed: Sequence[str]) -> None:
        self._notes.note(tx, by=by.id, action=action, kind="unit", id=unit.id, changed=changed, unit=unit.id)


def there(tx: Connection, unit: str) -> None:
    """Make sure that a unit takes somebody new, or that it is the city. Raises Unknown, NotNow."""
    if unit != EVERYWHERE and _find(tx, unit).retired:
        raise NotNow("unit", "retired", "it takes nobody new")


def _place(tx: Connection, known: tree.Tree, unit: str, parent: str) -> None:
    """Make sure that a unit may lie below another."""
    there(tx, parent)
    above = (parent, *known.above(parent))
    if unit in above:
        raise Refused("parent", parent, f"it lies below {unit} itself")
    if len(above) >= _DEEPEST:
        raise Refused("parent", parent, f"at most {_DEEPEST} levels")


def _find(tx: Connection, unit: str) -> Unit:
    row = tx.execute(select(units).where(units.c.id == unit)).mappings().one_or_none()
    if row is None:
        raise Unknown("unit", unit)
    return _unit(row)


def _unit(row: RowMapping) -> Unit:
    values = {name: row[name] for name in Unit.__struct_fields__}
    return msgspec.convert(values | {"parent": row["parent"] or ""}, Unit)


def _columns(of: Unit) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(of)
    return values | {"parent": of.parent or None}
