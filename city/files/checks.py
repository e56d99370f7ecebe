"""From what was sent to what may be kept: size while it comes, kind by content, then a look of that kind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable
from typing import BinaryIO, Final

import msgspec

from city.files import images, kinds, names, pdfs, zips
from city.files.errors import TooLarge, Unfit
from city.files.kinds import Kind
from city.files.use import Use
from contracts.judgements import Text

_PIECE: Final = 1 << 18
_SNIFFED: Final = 2_048  # bytes in which browsers and PDF readers look for a beginning
_MARKUP: Final = re.compile(rb"%PDF-|<[a-zA-Z!?/]")
_EMPTY: Final = Text(id="berkas kosong", en="the file is empty")
_TEXT: Final = Text(id="berkas bukan teks", en="the file is not text")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A content that may be kept."""

    kind: Kind
    name: str
    body: bytes


def read(source: BinaryIO, limit: int, name: str) -> bytes:
    """All of a source, never more than `limit` bytes. Raises TooLarge."""
    parts, size = [], 0
    while part := source.read(min(_PIECE, limit + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(name, limit)
    return b"".join(parts)


async def gather(stream: AsyncIterable[bytes], limit: int, name: str) -> bytes:
    """All of a stream; stops to read as soon as it is more than `limit` bytes. Raises TooLarge."""
    parts, size = [], 0
    async for part in stream:
        size += len(part)
        if size > limit:
            raise TooLarge(name, limit)
        parts.append(part)
    return b"".join(parts)


def check(body: bytes, use: Use, name: str) -> Checked:
    """Content as sent → content to keep: of a kind that the use takes, and harmless. Raises Unfit."""
    if len(body) > use.limit:
        raise TooLarge(name, use.limit)
    if not body:
        raise Unfit(name, _EMPTY)
    kind = kinds.find(body)
    if kind is None or kind not in use.kinds:
        raise Unfit(name, _other(body, use))
    return Checked(kind=kind, name=names.safe(name, kind), body=_LOOKS[kind](body, kind, use, name))


def _other(body: bytes, use: Use) -> Text:
    wanted = ", ".join(kind.short for kind in use.kinds)
    found = kinds.called(body) or "?"
    return Text(
        id=f"jenis berkas ini ({found}) tidak diterima; kirim {wanted}",
        en=f"a file of this kind ({found}) is not taken; send {wanted}",
    )


def _pdf(body: bytes, _: Kind, use: Use, name: str) -> bytes:
    pdfs.check(body, use, name)
    return body


def _workbook(body: bytes, _: Kind, use: Use, name: str) -> bytes:
    zips.workbook(body, name, zips.Limits(expanded=10 * use.limit))
    return body


def _text(body: bytes, _: Kind, __: Use, name: str) -> bytes:
    if any(byte < 32 and byte not in b"\t\r\n" for byte in set(body)) or _MARKUP.search(body[:_SNIFFED]):
        raise Unfit(name, _TEXT)
    return body


_LOOKS: Final[dict[Kind, Callable[[bytes, Kind, Use, str], bytes]]] = {
    Kind.JPEG: images.clean,
    Kind.PNG: images.clean,
    Kind.WEBP: images.clean,
    Kind.PDF: _pdf,
    Kind.XLSX: _workbook,
    Kind.CSV: _text,
}
