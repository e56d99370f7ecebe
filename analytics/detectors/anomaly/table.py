"""A series as a table: `timestamp,value` lines, each checked before it is scored."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from analytics.detectors.anomaly.errors import NotFinite, Unfit, check
from contracts import instants

HEADER: Final = ["timestamp", "value"]
_SHOWN: Final = 60  # characters of what is wrong


class BadRow(Unfit):
    """A line that is no sample."""

    def __init__(self, line: int, field: str, value: str, reason: str) -> None:
        self.line, self.field, self.value, self.reason = line, field, value[:_SHOWN], reason
        super().__init__(f"line {line}: {field} = {self.value!r}: {reason}")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One sample."""

    stamp: str  # as it was written
    time: int  # µs UTC; a stamp without offset is taken as UTC
    value: float


def read(lines: Iterable[str]) -> Iterator[Row]:
    """Rows in the order of the lines, repeated and earlier stamps too. Raises BadRow."""
    reader = csv.reader(lines, strict=True)
    count = 0
    try:
        for cells in reader:
            if not count:
                _header(cells)
            elif cells:
                yield _row(cells, reader.line_num)
            count += bool(cells) or not count
    except csv.Error as error:
        raise BadRow(reader.line_num, "line", "", f"cannot be read as CSV ({error})") from None
    if count <= 1:
        raise BadRow(reader.line_num, "table", "", "has no samples" if count else "is empty")


def _header(cells: list[str]) -> None:
    if [cell.strip() for cell in cells] != HEADER:
        raise BadRow(1, "header", ",".join(cells), f"is not {','.join(HEADER)}")


def _row(cells: list[str], line: int) -> Row:
    if len(cells) != len(HEADER):
        raise BadRow(line, "columns", ",".join(cells), f"there are {len(cells)}, not {len(HEADER)}")
    stamp, text = cells
    try:
        moment = datetime.fromisoformat(stamp.strip())
    except ValueError:
        raise BadRow(line, "timestamp", stamp, "is no date and time such as 2026-11-30 08:00:00") from None
    try:
        value = float(text if "_" not in text else "")
        check(value)
    except NotFinite as error:
        raise BadRow(line, "value", text, error.reason) from None
    except ValueError:
        raise BadRow(line, "value", text, "is no number") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Row(stamp=stamp, time=instants.from_datetime(moment), value=value)
