"""The first visible sheet of an Excel workbook, read as it comes; never more than was looked at before."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any, Final

from city.files import zips
from city.files.errors import Unfit
from city.imports.columns import Layout
from city.imports.errors import Unreadable
from city.imports.table import BROKEN_CELL, FORMULA_CELL, Line
from contracts.judgements import Text

_COLUMNS: Final = 200
_BLANKS: Final = 5_000  # empty rows that may stand between; a file of a few bytes can claim a million
_LIMITS: Final = zips.Limits(entries=1_000, expanded=60_000_000)
_DAMAGED: Final = Text(id="buku kerja Excel rusak", en="the Excel workbook is damaged")
_NO_SHEET: Final = Text(id="tidak ada lembar yang terlihat", en="no sheet is visible")


def lines(body: bytes, layout: Layout, name: str, *, formulas: bool = False) -> Iterator[Line]:
    """Rows of the sheet; `formulas`: take the values that Excel computed. Raises Unreadable, also later."""
    try:
        zips.workbook(body, name, _LIMITS)
    except Unfit as error:
        raise Unreadable(error.said, value=name) from None
    try:
        yield from _lines(body, layout, formulas=formulas)
    except Unreadable:
        raise
    except Exception:  # noqa: BLE001 - the library raises anything on hostile input; none of it may pass
        raise Unreadable(_DAMAGED, value=name) from None


def _lines(body: bytes, layout: Layout, *, formulas: bool) -> Iterator[Line]:
    import openpyxl

    warnings.filterwarnings("ignore", module="openpyxl")  # of styles and extensions that we do not read
    book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=formulas, keep_links=False)
    try:
        sheet: Any = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise Unreadable(_NO_SHEET)
        sheet.reset_dimensions()  # they are what the file claims
        for number, cells in enumerate(sheet.iter_rows(min_row=1, max_col=_COLUMNS + 1), start=1):
            if number > layout.rows + _BLANKS:
                raise Unreadable(
                    Text(
                        id=f"lebih dari {layout.rows} baris; bagi berkas ini, atau hapus baris kosong",
                        en=f"more than {layout.rows} rows; divide the file, or delete empty rows",
                    )
                )
            if len(cells) > _COLUMNS and cells[_COLUMNS].value is not None:
                raise Unreadable(Text(id=f"lebih dari {_COLUMNS} kolom", en=f"more than {_COLUMNS} columns"))
            yield number, [_cell(cell) for cell in cells[:_COLUMNS]]
    finally:
        book.close()


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return FORMULA_CELL
    if cell.data_type == "e":
        return BROKEN_CELL
    return cell.value
