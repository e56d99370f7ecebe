"""The shape of a table of counts: rows in a tree of subtotals, columns side by side, and all their totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from contracts.errors import Refused

TOTAL: Final = "*"  # name of the row and of the column that hold the totals
CELLS: Final = 5_000  # of one table, totals among them: beyond, the checks take minutes
_NAME: Final = 80  # characters
Cell = tuple[str, str]  # row, column


class Shape:
    """Rows, each part of another or of TOTAL; columns, none where there is one count a row."""

    def __init__(self, rows: Mapping[str, str], columns: tuple[str, ...] = ()) -> None:
        """`rows`: row → the row that it is part of (`{"32.74.05.1002": "32.74.05", "32.74.05": "*"}`)."""
        self.rows = dict(rows)
        self.columns = columns
        _check(self.rows, columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and (self.rows, self.columns) == (other.rows, other.columns)

    def __hash__(self) -> int:
        return hash((tuple(self.rows.items()), self.columns))

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Rows that are no subtotals."""
        groups = set(self.rows.values())
        return tuple(row for row in self.rows if row not in groups)

    @cached_property
    def inner(self) -> tuple[Cell, ...]:
        """Cells that are counted; all others are sums of them."""
        return tuple((row, column) for row in self.leaves for column in self.columns or (TOTAL,))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, totals among them."""
        columns = (*self.columns, TOTAL)
        return tuple((row, column) for row in (*self.rows, TOTAL) for column in columns)

    def above(self, cell: Cell) -> Iterator[Cell]:
        """A cell and the totals that count it."""
        columns = {cell[1], TOTAL}
        row = cell[0]
        while True:
            for column in (*self.columns, TOTAL):
                if column in columns:
                    yield row, column
            if row == TOTAL:
                return
            row = self.rows[row]

    def summed(self, counts: Mapping[Cell, int]) -> dict[Cell, int]:
        """All cells from the inner ones; missing ones are 0. Raises Refused."""
        values = dict.fromkeys(self.cells, 0)
        inner = set(self.inner)
        for cell, count in counts.items():
            if cell not in inner:
                raise Refused("cell", cell, "is none that is counted in this table")
            if type(count) is not int or count < 0:
                raise Refused("count", count, "a whole number from 0")
            for total in self.above(cell):
                values[total] += count
        return values


def _check(rows: Mapping[str, str], columns: tuple[str, ...]) -> None:
    if not rows or len(set(columns)) < len(columns):
        raise Refused("shape", (len(rows), len(columns)), "at least one row, and no column twice")
    for name in (*rows, *columns):
        if not 0 < len(name) <= _NAME or name == TOTAL:
            raise Refused("name", name, f"1 to {_NAME} characters, and not {TOTAL}")
    if (size := (len(rows) + 1) * (len(columns) + 1)) > CELLS:
        raise Refused("shape", f"{size:,} cells", f"at most {CELLS:,}")
    for row in rows:
        at, steps = row, 0
        while at != TOTAL:
            at, steps = rows.get(at, ""), steps + 1
            if not at or steps > len(rows):
                raise Refused("rows", row, f"is part of nothing that ends at {TOTAL}")
