"""Hide small counts, and with them enough others that no hidden one can be worked out from what is shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import ceil, log2
from typing import Final

import msgspec

from city.disclosure.network import ENDLESS, Network
from city.disclosure.shape import Cell, Shape
from contracts.errors import Refused

LEAST: Final = 5  # counts below this are small, where nothing else is said


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """How far from its value a hidden cell must be able to lie for all that a reader can know."""

    down: int
    up: int


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it is shown: None where a cell is hidden."""

    shape: Shape
    least: int
    cells: dict[Cell, int | None]

    @property
    def hidden(self) -> frozenset[Cell]:
        """Cells that are hidden."""
        return frozenset(cell for cell, value in self.cells.items() if value is None)


def protect(
    shape: Shape,
    counts: Mapping[Cell, int],
    *,
    least: int = LEAST,
    zeros: bool = True,
    impossible: Collection[Cell] = (),
    sensitive: Mapping[Cell, Need] | None = None,
    keep_hidden: Collection[Cell] = (),
) -> Table:
    """The table that may be shown. Raises Refused.

    Each cell below `least`, totals too, is hidden so that every value from 0 to `least` remains possible for
    it. `zeros`: whether 0 is small. `impossible`: cells that are 0 by nature, which everybody knows.
    `sensitive`: cells to be hidden for other reasons. `keep_hidden`: those hidden when it was shown before.
    """
    if least < 2:
        raise Refused("least", least, "at least 2: smaller cells would hide nothing")
    values = shape.summed(counts)
    known = _known(shape, values, impossible)
    needs = {
        cell: Need(down=value, up=least - value)
        for cell, value in values.items()
        if value < least and cell not in known and (zeros or value > 0)
    }
    for cell, need in (sensitive or {}).items():
        if cell not in values or cell in known:
            raise Refused("sensitive", cell, "is none of this table, or known to all")
        other = needs.get(cell, need)
        needs[cell] = Need(down=max(need.down, other.down), up=max(need.up, other.up))
    kept = {cell: Need(down=0, up=1) for cell in keep_hidden if cell in values and cell not in known}
    network = Network(shape, values, known)
    for cell in (*needs, *kept):
        network.hidden[network.number[cell]] = True

    def loss(arc: int) -> float:
        return 1 + log2(1 + network.values[arc])

    for cell, need in sorted((kept | needs).items(), key=lambda one: (-one[1].up, one[0])):
        arc = network.number[cell]
        network.hide(arc, loss, up=True, need=need.up)
        network.hide(arc, loss, up=False, need=need.down)
    return Table(
        shape=shape,
        least=least,
        cells={
            cell: None if network.hidden[arc] else network.values[arc]
            for arc, cell in enumerate(network.cells)
        },
    )


def attack(
    table: Table, counts: Mapping[Cell, int], *, impossible: Collection[Cell] = ()
) -> dict[Cell, tuple[int, int | None]]:
    """What a reader can work out: for each hidden cell its least and greatest possible value, None: no bound.

    The true counts only lead there: every table that a reader cannot tell from this one gives the same.
    """
    values = table.shape.summed(counts)
    network = Network(table.shape, values, _known(table.shape, values, impossible))
    found: dict[Cell, tuple[int, int | None]] = {}
    for cell in table.hidden:
        network.hidden[network.number[cell]] = True
    for cell in sorted(table.hidden):
        arc = network.number[cell]
        up, down = network.room(arc, up=True), network.room(arc, up=False)
        found[cell] = values[cell] - down, None if up >= ENDLESS else values[cell] + up
    return found


def dominated(parts: Mapping[Cell, Collection[int]], *, within: float = 0.1) -> dict[Cell, Need]:
    """Cells from which the second largest contributor could tell the largest within a tenth (the p % rule).

    `parts`: what each contributor adds to a cell, such as cases by school.
    """
    found: dict[Cell, Need] = {}
    for cell, added in parts.items():
        first, second, *rest = [*sorted(added, reverse=True), 0, 0]
        lacking = ceil(within * first - sum(rest))
        if first and lacking > 0:
            found[cell] = Need(down=min(lacking, first + second + sum(rest)), up=lacking)
    return found


def _known(shape: Shape, values: Mapping[Cell, int], impossible: Collection[Cell]) -> set[Cell]:
    """Cells that are 0 by nature, and totals of nothing else. Raises Refused."""
    never = set(impossible)
    for cell in never:
        if cell not in shape.inner:
            raise Refused("impossible", cell, "is none that is counted in this table")
        if values[cell]:
            raise Refused("impossible", cell, "has a count")
    can_be = {total for cell in shape.inner if cell not in never for total in shape.above(cell)}
    return set(shape.cells) - can_be
