"""Which kind of file some bytes are: by their beginning, never by a name or a sender's word."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

_SEEN: Final = 4_096  # bytes at the beginning that are looked at


class Kind(StrEnum):
    """Kinds that can be checked, by media type; what cannot be checked cannot be kept."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    CSV = "text/csv"

    @property
    def suffix(self) -> str:
        """How names of this kind end: `.jpg`."""
        return _SUFFIXES[self]

    @property
    def short(self) -> str:
        """How people call it."""
        return self.name


_SUFFIXES: Final = {
    Kind.JPEG: ".jpg",
    Kind.PNG: ".png",
    Kind.WEBP: ".webp",
    Kind.PDF: ".pdf",
    Kind.XLSX: ".xlsx",
    Kind.CSV: ".csv",
}
IMAGES: Final = (Kind.JPEG, Kind.PNG, Kind.WEBP)
_MARKS: Final = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"%PDF-", Kind.PDF),
    (b"PK\x03\x04", Kind.XLSX),  # whether it really is one, city.files.zips looks inside
)


def find(body: bytes) -> Kind | None:
    """Kind of some content, None for one that is not known; a mark counts at the very beginning only."""
    head = body[:_SEEN]
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    return Kind.CSV if _looks_like_text(head) else None


def called(body: bytes) -> str:
    """What a refused content seems to be, for the message: `image/svg+xml`; empty where nobody knows."""
    import puremagic

    try:
        return str(puremagic.from_string(body[:_SEEN], mime=True))
    except (puremagic.PureError, ValueError):
        return ""


def _looks_like_text(head: bytes) -> bool:
    """No control characters but those that lines have; a mark of order or markup makes it something else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start or start[:1] in {b"<", b"{", b"%"} or start[:2] == b"#!":
        return False
    return not any(byte < 32 and byte not in b"\t\r\n" for byte in head)
