"""What is wrong with one cell or one row, in both languages."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.errors import shown
from contracts.judgements import Text

_SHOWN: Final = (
    40  # characters of a refused value: enough to find the cell, too few to carry a person's story
)


class Bad(ValueError):
    """Raised by a parser or by what applies a row: the row is refused, others go on."""

    def __init__(self, said: Text, *, column: str = "") -> None:
        self.said = said
        self.column = column  # name of the column; the parser's caller knows it
        super().__init__(said.en)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report."""

    row: int  # as the file counts, the heading is row 1; 0 where it is about the whole file
    column: str  # as the file calls it
    value: str  # cut
    said: Text


def cut(value: object) -> str:
    """A value for a report: one printable line of at most 40 characters."""
    text = shown("" if value is None else str(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


EMPTY: Final = Text(id="wajib diisi", en="must be filled in")
TWICE: Final = Text(id="sudah ada di baris sebelumnya", en="stands in an earlier row already")
FORMULA: Final = Text(
    id="berisi rumus; salin sebagai nilai (Tempel Khusus → Nilai)",
    en="is a formula; copy it as a value (Paste Special → Values)",
)
LONG: Final = Text(id="terlalu panjang", en="is too long")
BROKEN: Final = Text(id="sel berisi kesalahan Excel", en="the cell holds an error of Excel")
