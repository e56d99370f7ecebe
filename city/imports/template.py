"""An empty table of a layout, to be filled in: as Excel workbook with a sheet that explains, or as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from city.imports.columns import Column, Layout
from city.imports.report import harmless

_WIDTH: Final = 24  # characters of a column


def as_csv(layout: Layout) -> bytes:
    """The heading, as Excel in Indonesia reads it."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(
        [_title(column) for column in layout.columns]
    )
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(layout: Layout) -> bytes:
    """A sheet with the heading, whose cells are text so that Excel changes none, and one that explains."""
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Data"
    for place, column in enumerate(layout.columns, start=1):
        sheet.cell(row=1, column=place, value=_title(column)).font = Font(bold=True)
        width = sheet.column_dimensions[get_column_letter(place)]
        width.width, width.number_format = _WIDTH, "@"
    sheet.freeze_panes = "A2"
    guide: Any = book.create_sheet("Petunjuk")
    guide.append(["Kolom", "Wajib", "Contoh", "Keterangan", "Meaning"])
    for column in layout.columns:
        guide.append(
            [
                column.title.id,
                "ya" if column.required else "",
                harmless(column.example),
                harmless(column.note.id),
                harmless(column.note.en),
            ]
        )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(column: Column) -> str:
    return f"{column.title.id}*" if column.required else column.title.id
