"""PDFs are kept as they came, so that their signatures hold; those that do more than show pages are refused.

Two looks: a reader follows the structure (encrypted? how many pages?), and a scan goes over every byte, also
of what the structure hides, because another reader may see there what ours did not.
"""

from __future__ import annotations

import io
import re
import zlib
from itertools import pairwise
from typing import Final

from city.files.errors import Unfit
from city.files.use import Use
from contracts.judgements import Text

_EXPANDED: Final = 300_000_000  # bytes that all streams of a PDF may have together: 20 pages scanned raw
_STREAMS: Final = 20_000
_NODES: Final = 10_000  # of the tree of pages
_PIXELS: Final = 200_000_000  # of one picture: A0 at 300 dots an inch has 140 million
_PIECE: Final = 1 << 20  # bytes made at once
_READ: Final = 1 << 16  # bytes read at once
_TAIL: Final = 64  # bytes that may follow the end: line ends, nothing more
_LOOK_BACK: Final = 4_096  # bytes before a stream in which its dictionary stands

_SCRIPT: Final = Text(id="PDF berisi program (JavaScript)", en="the PDF holds a program (JavaScript)")
_ACTION: Final = Text(
    id="PDF membuka program atau berkas lain", en="the PDF opens other programs or files, or sends data"
)
_INSIDE: Final = Text(id="PDF berisi berkas lain", en="the PDF holds other files")
_LOCKED: Final = Text(
    id="PDF terkunci dengan kata sandi; simpan tanpa kata sandi",
    en="the PDF is encrypted; save it without a password",
)
_FORM: Final = Text(id="PDF berisi formulir XFA", en="the PDF holds an XFA form")
_DAMAGED: Final = Text(id="PDF rusak atau terpotong", en="the PDF is damaged or cut off")
_TWO: Final = Text(id="di dalam PDF ada berkas jenis lain", en="the PDF is a file of another kind too")
_BOMB: Final = Text(id="isi PDF terlalu besar jika dibuka", en="what the PDF holds is too large once opened")
# All at least six bytes long, so that compressed data does not hold one by chance.
_WORDS: Final = {
    b"JavaScript": _SCRIPT,
    b"Rendition": _SCRIPT,
    b"Launch": _ACTION,
    b"SubmitForm": _ACTION,
    b"ImportData": _ACTION,
    b"GoToE": _ACTION,
    b"GoToR": _ACTION,
    b"EmbeddedFile": _INSIDE,
    b"EmbeddedFiles": _INSIDE,
    b"RichMedia": _INSIDE,
    b"Encrypt": _LOCKED,
}
_FORBIDDEN: Final = re.compile(rb"/(" + b"|".join(sorted(_WORDS, reverse=True)) + rb")(?![A-Za-z0-9])")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_ODD: Final = re.compile(rb"/(LZWDecode|ASCII85Decode|ASCIIHexDecode|RunLengthDecode|Crypt)\b")
_SIDE: Final = re.compile(rb"/(Width|Height)\s+(\d{1,9})")
_ZIP_END: Final = b"PK\x05\x06"


def check(body: bytes, use: Use, name: str) -> None:
    """Refuse a PDF that is not only pages. Raises Unfit."""
    _whole(body, name)
    _scan(body, name)
    try:
        pages = _pages(body, name)
    except Unfit:
        raise
    except Exception:  # noqa: BLE001 - the reader raises anything on hostile input; none of it may pass
        raise Unfit(name, _DAMAGED) from None
    if pages > use.pages:
        raise Unfit(
            name,
            Text(id=f"PDF lebih dari {use.pages} halaman", en=f"the PDF has more than {use.pages} pages"),
        )


def _whole(body: bytes, name: str) -> None:
    """It begins and ends as a PDF, and nothing else does."""
    end = body.rfind(b"%%EOF")
    if end < 0:
        raise Unfit(name, _DAMAGED)
    at = body.rfind(_ZIP_END)
    if len(body) - end - 5 > _TAIL or (at >= 0 and _ends_zip(body, at)):
        raise Unfit(name, _TWO)


def _ends_zip(body: bytes, at: int) -> bool:
    """Whether an archive ends here, with a comment up to the end: then archivers open the file too."""
    return at + 22 <= len(body) and at + 22 + int.from_bytes(body[at + 20 : at + 22], "little") == len(body)


def _scan(body: bytes, name: str) -> None:
    _refuse_words(body, name)
    scan, at = _Scan(memoryview(body), name), 0
    for _ in range(_STREAMS):
        found = _STREAM.search(body, at)
        if found is None:
            return
        head = _plain(body[max(0, found.start() - _LOOK_BACK) : found.start()].rpartition(b"endobj")[2])
        _picture(head, name)
        if b"/ObjStm" in head and _ODD.search(head):
            raise Unfit(name, _DAMAGED)  # objects packed in a way that the scan does not open
        at = scan.inflate(found.end())
    raise Unfit(name, _BOMB)


class _Scan:
    """Looks into compressed streams, piece by piece, until the budget is spent."""

    def __init__(self, view: memoryview, name: str) -> None:
        self._view = view
        self._name = name
        self._budget = _EXPANDED  # bytes read and made: a stream of nothing costs time too

    def inflate(self, at: int) -> int:
        """Look into the stream that begins here; where it ends, or `at` where it is not compressed so."""
        inflate = zlib.decompressobj()
        tail, place = b"", at
        while place < len(self._view) and not inflate.eof:
            data: bytes | memoryview = self._view[place : place + _READ]
            place += len(data)
            self._spend(len(data))
            while data and not inflate.eof:
                try:
                    piece = inflate.decompress(data, _PIECE)
                except zlib.error:
                    return at
                self._spend(len(piece))
                _refuse_words(tail + piece, self._name)
                tail, data = piece[-_TAIL:], inflate.unconsumed_tail
        return place - len(inflate.unused_data) if inflate.eof else at

    def _spend(self, size: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise Unfit(self._name, _BOMB)


def _refuse_words(text: bytes, name: str) -> None:
    if found := _FORBIDDEN.search(_plain(text)):
        raise Unfit(name, _WORDS[found[1]])


def _plain(text: bytes) -> bytes:
    """Names as they are meant: `/J#61vaScript` is `/JavaScript`."""
    if b"#" not in text:
        return text
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)


def _picture(head: bytes, name: str) -> None:
    sides = [int(side) for _, side in _SIDE.findall(head)]
    if len(sides) >= 2 and max(a * b for a, b in pairwise(sides)) > _PIXELS:
        raise Unfit(name, _BOMB)


def _pages(body: bytes, name: str) -> int:
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(body), strict=False)
    if reader.encrypted:
        raise Unfit(name, _LOCKED)
    root = reader.root
    if "/AcroForm" in root and "/XFA" in root["/AcroForm"]:
        raise Unfit(name, _FORM)
    count, seen, waiting = 0, 0, [root["/Pages"]]
    while waiting:
        node = waiting.pop().get_object()
        seen += 1
        if seen > _NODES:
            raise Unfit(name, _BOMB)
        if "/Kids" in node:
            waiting += list(node["/Kids"])
        else:
            count += 1
    if not count:
        raise Unfit(name, _DAMAGED)
    return count
