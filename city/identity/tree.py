"""The tree of units in memory: read again when somebody has changed it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from sqlalchemy import Connection, select, update

from city.identity.caller import EVERYWHERE
from city.identity.tables.people import trees, units

_ONE: Final = 1  # the only row of identity_trees


class Tree:
    """Parents of all units at one moment."""

    def __init__(self, version: int, parents: Mapping[str, str]) -> None:
        self.version = version
        self._parents = parents

    def __contains__(self, unit: str) -> bool:
        return unit in self._parents

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for unit, parent in self._parents.items():
            found.setdefault(parent, []).append(unit)
        return found

    def below(self, unit: str) -> frozenset[str] | None:
        """A unit and all units below it; None for the whole city."""
        if unit == EVERYWHERE:
            return None
        found: set[str] = set()
        waiting = [unit]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._children.get(one, ())
        return frozenset(found)

    def above(self, unit: str) -> tuple[str, ...]:
        """Units above a unit, nearest first."""
        found: list[str] = []
        while (unit := self._parents.get(unit, "")) and unit not in found:
            found.append(unit)
        return tuple(found)


class Trees:
    """Hands out the newest tree; threads may share it."""

    def __init__(self) -> None:
        self._last: Tree | None = None

    def newest(self, tx: Connection) -> Tree:
        """The tree as this transaction sees it."""
        version = tx.execute(select(trees.c.version).where(trees.c.id == _ONE)).scalar_one()
        last = self._last
        if last is None or last.version != version:
            last = load(tx, version)
            self._last = last
        return last


def load(tx: Connection, version: int) -> Tree:
    """Read the whole tree: some hundreds of units."""
    rows = tx.execute(select(units.c.id, units.c.parent)).all()
    return Tree(version, {row.id: row.parent or "" for row in rows})


def hold(tx: Connection) -> Tree:
    """The tree, which nobody else changes until this transaction ends."""
    query = update(trees).where(trees.c.id == _ONE).values(version=trees.c.version + 1)
    version = tx.execute(query.returning(trees.c.version)).scalar_one()
    return load(tx, version)
