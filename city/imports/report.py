"""What became of each row, and the same as a CSV that no spreadsheet can be tricked by."""

from __future__ import annotations

import csv
import io
from typing import Final

import msgspec

from city.imports.problems import Problem

MOST: Final = 1_000  # problems that are told one by one; all are counted
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel takes the wide ones too


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    run: str  # id; empty of a dry run
    layout: str
    committed: bool  # whether anything may have been changed
    rows: int = 0  # with content, below the heading
    new: int = 0
    changed: int = 0  # known by their key, with other values
    same: int = 0  # imported before as they are: nothing was done
    refused: int = 0
    unknown: tuple[str, ...] = ()  # headings that were passed over
    problems: tuple[Problem, ...] = ()  # the first of them

    @property
    def good(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused


def exported(report: Report) -> bytes:
    """Report → CSV that Excel opens: UTF-8 with its mark, `;`, every cell harmless."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(("Baris", "Kolom", "Isi", "Sebab", "Reason"))
    for problem in report.problems:
        cells = (str(problem.row or ""), problem.column, problem.value, problem.said.id, problem.said.en)
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    start = cell.lstrip(" \u00a0")
    return f"'{cell}" if cell.startswith(_DANGEROUS) or start.startswith(_DANGEROUS) else cell
