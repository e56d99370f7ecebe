"""A file as an answer over HTTP: headers, and the part that was asked for; nothing of HTTP's libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from city.files.kinds import IMAGES
from city.files.store import Content, Files

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_NO_ASCII: Final = re.compile(r'[^\x20-\x7e]|["\\%]')


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to send."""

    status: int  # 200, 206, 304 or 416
    headers: dict[str, str]
    body: Iterator[bytes]


def answer(files: Files, content: Content, asked: Mapping[str, str], *, inline: bool = False) -> Answer:
    """Answer to a request with these headers (names in lower case). Raises Away, Damaged while it is read."""
    file = content.file
    headers = {
        "Content-Type": file.kind.value,
        "Content-Disposition": disposition(file.name, inline=inline and file.kind in IMAGES),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": content.etag,
    }
    if content.etag in {tag.strip() for tag in asked.get("if-none-match", "").split(",")}:
        return Answer(status=304, headers=headers, body=iter(()))
    if asked.get("if-range", content.etag) != content.etag:
        part: tuple[int, int] | None = None
    else:
        part = span(asked.get("range", ""), file.size)
    if part is None:
        length = {"Content-Length": str(file.size)}
        return Answer(status=200, headers=headers | length, body=files.read(content))
    start, end = part
    if start >= end:
        none = {"Content-Range": f"bytes */{file.size}", "Content-Length": "0"}
        return Answer(status=416, headers=headers | none, body=iter(()))
    told = {"Content-Range": f"bytes {start}-{end - 1}/{file.size}", "Content-Length": str(end - start)}
    return Answer(status=206, headers=headers | told, body=files.read(content, start, end))


def span(text: str, size: int) -> tuple[int, int] | None:
    """`Range` → [start, end); None for the whole, also where several parts are asked for; (0, 0) for none."""
    found = _RANGE.fullmatch(text.strip())
    if not found or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else (0, 0)
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None  # not a range at all: RFC 9110 wants it passed over
    return (start, end) if start < size else (0, 0)


def disposition(name: str, *, inline: bool = False) -> str:
    """`Content-Disposition` for a name in any script (RFC 6266)."""
    plain = _NO_ASCII.sub("_", name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
