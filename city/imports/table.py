"""A file → its rows by column: which row is the heading, which heading is which column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from city.imports.columns import Column, Layout, Row, headings, plain
from city.imports.errors import Unreadable
from city.imports.problems import BROKEN, EMPTY, FORMULA, LONG, Bad, Problem, cut
from contracts.judgements import Text

_SEARCHED: Final = 10  # rows at the top in which the heading may stand, below a title
_CELL: Final = 5_000  # characters
FORMULA_CELL: Final = object()  # what a reader gives for a formula
BROKEN_CELL: Final = object()  # what it gives for `#REF!`
Line = tuple[int, Sequence[Any]]  # number of the row as the file counts, its cells


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Where each column stands."""

    row: int
    places: dict[int, Column]
    titles: dict[int, str]  # as the file says
    unknown: tuple[str, ...]  # headings that mean nothing here; their columns are passed over


def found(lines: Iterable[Line], layout: Layout) -> tuple[Heading, Iterator[Line]]:
    """The heading, and the lines below it. Raises Unreadable."""
    known = {plain(heading): column for column in layout.columns for heading in headings(column)}
    rest = iter(lines)
    best: Heading | None = None
    for number, cells in rest:
        heading = _heading(number, cells, known)
        if best is None or len(heading.places) > len(best.places):
            best = heading
        if not _missing(heading, layout):
            return heading, rest
        if number >= _SEARCHED:
            break
    raise _no_heading(best, layout)


def rows(lines: Iterator[Line], heading: Heading, layout: Layout) -> Iterator[Row | list[Problem]]:
    """Each line as a row, or as what is wrong with it; empty lines are passed over."""
    count = 0
    for number, cells in lines:
        if all(blank(cell) for cell in cells):
            continue
        count += 1
        if count > layout.rows:
            raise Unreadable(
                Text(
                    id=f"lebih dari {layout.rows} baris; bagi berkas ini",
                    en=f"more than {layout.rows} rows; divide the file",
                )
            )
        yield _row(number, cells, heading, layout)


def blank(cell: object) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _row(number: int, cells: Sequence[Any], heading: Heading, layout: Layout) -> Row | list[Problem]:
    values: dict[str, Any] = {column.name: None for column in layout.columns}
    wrong: list[Problem] = []
    for place, column in heading.places.items():
        cell = cells[place] if place < len(cells) else None
        try:
            values[column.name] = _value(cell, column)
        except Bad as bad:
            shown = "" if cell in (FORMULA_CELL, BROKEN_CELL) else cut(cell)
            wrong.append(Problem(row=number, column=heading.titles[place], value=shown, said=bad.said))
    return wrong or Row(number=number, values=values)


def _value(cell: object, column: Column) -> Any:
    if cell is FORMULA_CELL:
        raise Bad(FORMULA)
    if cell is BROKEN_CELL:
        raise Bad(BROKEN)
    if blank(cell):
        if column.required:
            raise Bad(EMPTY)
        return None
    if isinstance(cell, str) and len(cell) > _CELL:
        raise Bad(LONG)
    return column.parse(cell)


def _heading(number: int, cells: Sequence[Any], known: dict[str, Column]) -> Heading:
    places: dict[int, Column] = {}
    titles: dict[int, str] = {}
    unknown: list[str] = []
    for place, cell in enumerate(cells):
        if blank(cell) or cell in (FORMULA_CELL, BROKEN_CELL):
            continue
        title = cut(cell)
        column = known.get(plain(str(cell)))
        if column is None:
            unknown.append(title)
            continue
        if column.name in {one.name for one in places.values()}:
            raise Unreadable(
                Text(id=f"kolom {title} ada dua kali", en=f"the column {title} stands there twice")
            )
        places[place], titles[place] = column, title
    return Heading(row=number, places=places, titles=titles, unknown=tuple(unknown))


def _missing(heading: Heading, layout: Layout) -> list[Column]:
    there = {column.name for column in heading.places.values()}
    needed = [column for column in layout.columns if (column.required or column.name in layout.key)]
    if not needed and not there:
        return list(layout.columns)
    return [column for column in needed if column.name not in there]


def _no_heading(best: Heading | None, layout: Layout) -> Unreadable:
    if best is None:
        return Unreadable(Text(id="berkas kosong", en="the file is empty"))
    missing = _missing(best, layout)
    wanted_id = ", ".join(column.title.id for column in missing)
    wanted_en = ", ".join(column.title.en for column in missing)
    return Unreadable(
        Text(
            id=f"kolom ini tidak ditemukan: {wanted_id}; pakai templat",
            en=f"these columns are not there: {wanted_en}; use the template",
        ),
        value=", ".join(best.unknown),
    )
