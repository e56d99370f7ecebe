"""A file, and a draft of one that no record refers to yet."""

from __future__ import annotations

import msgspec

from city.files.kinds import Kind


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A content that is checked and put down; `Files.keep` makes it a file of a record, once."""

    path: str  # where it lies
    digest: str  # SHA-256 of the bytes that lie there, 64 hex digits
    stored: int  # bytes that lie there
    kind: Kind
    size: int  # bytes of the content
    name: str  # as people see it, made safe
    use: str
    key: bytes  # of a personal content; else empty


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one record."""

    id: str
    use: str
    record: str  # id of the record that it belongs to
    subject: str  # id of the person it is about; empty where it is about nobody
    kind: Kind
    size: int  # bytes of the content
    digest: str  # SHA-256 of the bytes at rest: of the content, or of its cipher where it is personal
    sealed: bool  # encrypted at rest
    created: int  # µs UTC
    by: str  # id of who sent it
    name: str = ""  # as people see it; empty where it is sealed and was not opened
