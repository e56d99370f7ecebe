"""CSV as offices write it: UTF-8 with or without a mark, UTF-16, Windows-1252; `;`, `,`, tab or `|`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from city.imports.columns import Layout, headings, plain
from city.imports.errors import Unreadable
from city.imports.table import Line
from contracts.judgements import Text

_DELIMITERS: Final = (";", ",", "\t", "|")
_TOP: Final = 20  # lines that are looked at to find the delimiter
_COLUMNS: Final = 200
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def lines(body: bytes, layout: Layout) -> Iterator[Line]:
    """Lines of the file. Raises Unreadable, also while they are read."""
    text = decoded(body)
    if text.lower().startswith("sep=") and text[5:6] in {"\r", "\n"}:  # what Excel puts above, for itself
        delimiter, text, first = text[4], text[5:].removeprefix("\r").removeprefix("\n"), 2
    else:
        delimiter, first = _delimiter(text, layout), 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = first - 1
    try:
        for number, cells in enumerate(reader, start=first):
            if len(cells) > _COLUMNS:
                raise Unreadable(_wide())
            yield number, cells
    except csv.Error as error:
        raise Unreadable(
            Text(
                id=f"baris {number + 1} tidak dapat dibaca: tanda kutip salah",
                en=f"row {number + 1} cannot be read: {error}",
            )
        ) from None


def decoded(body: bytes) -> str:
    """Bytes → text. Raises Unreadable."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "")
    for attempt in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = body.decode(attempt)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(
        Text(
            id="berkas bukan teks; simpan sebagai CSV UTF-8 atau Excel",
            en="the file is no text; save it as CSV UTF-8 or Excel",
        )
    )


def _delimiter(text: str, layout: Layout) -> str:
    """The one that finds most columns of the layout; of equal ones, that which divides most."""
    known = {plain(heading) for column in layout.columns for heading in headings(column)}
    top = "\n".join(text.splitlines()[:_TOP])

    def score(delimiter: str) -> tuple[int, int]:
        best = (0, 0)
        try:
            for cells in csv.reader(io.StringIO(top, newline=""), delimiter=delimiter):
                best = max(best, (sum(plain(cell) in known for cell in cells), len(cells)))
        except csv.Error:  # a quotation that the cut left open, or one that is wrong: told when all is read
            pass
        return best

    return max(_DELIMITERS, key=score)


def _wide() -> Text:
    return Text(id=f"lebih dari {_COLUMNS} kolom", en=f"more than {_COLUMNS} columns")
