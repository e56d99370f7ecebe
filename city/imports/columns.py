"""What a table must look like: its columns, how each is read, and what makes a row the same row again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from contracts.judgements import Text

Cell = str | int | float | bool | Any  # as the file holds it; from Excel also date, time and datetime
Parser = Callable[[Cell], Any]
_WORDS: Final = re.compile(r"[^a-z0-9]+")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    name: str  # key of the value in a row: `phone`
    title: Text  # as templates head it; both are known
    parse: Parser  # value → what the row holds; raises Bad
    aliases: tuple[str, ...] = ()  # further headings that mean it
    required: bool = False
    example: str = ""  # for the template
    note: Text = Text(id="", en="")  # for the template


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of table."""

    name: str  # `aja_klalen.members`
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()  # columns that tell rows apart; importing the same row again changes nothing
    rows: int = 20_000  # at most

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        known: dict[str, str] = {}
        for column in self.columns:
            for heading in {plain(one) for one in headings(column)}:
                if known.setdefault(heading, column.name) != column.name:
                    raise ValueError(f"{self.name}: {heading} heads {known[heading]} and {column.name}")
        if len(set(names)) != len(names) or not set(self.key) <= set(names):
            raise ValueError(f"{self.name}: each column has a name of its own, and a key is made of columns")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was read."""

    number: int  # as the file counts
    values: Mapping[str, Any]  # by name of the column; None where an optional cell is empty

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def headings(column: Column) -> tuple[str, ...]:
    """All headings that mean this column."""
    return tuple(
        heading for heading in (column.name, column.title.id, column.title.en, *column.aliases) if heading
    )


def plain(heading: str) -> str:
    """Heading without case, accents, marks and spaces: `No. HP / WA*` → `no hp wa`."""
    text = unicodedata.normalize("NFKD", heading.casefold())
    return _WORDS.sub(" ", "".join(c for c in text if not unicodedata.combining(c))).strip()
