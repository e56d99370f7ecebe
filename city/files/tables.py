"""Tables of files: who refers to what, what lies where, and what nobody refers to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from city.db.schema import Instant, metadata

files: Final = Table(
    "files",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("use", String(64), nullable=False),
    Column("record", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("digest", String(64), nullable=False, index=True),  # of the content; see files_contents
    Column("kind", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),  # empty where it is sealed
    Column("sealed", Boolean(create_constraint=False), nullable=False),  # the vault has its key and its name
    Column("created", Instant, nullable=False),
    Column("by", String(64), nullable=False),
)
Index("ix_files_record", files.c.record, files.c.use)
Index("ix_files_subject", files.c.subject)

contents: Final = Table(
    "files_contents",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the bytes that lie there
    Column("path", String(80), nullable=False),
    Column("stored", BigInteger, nullable=False),  # bytes that lie there
    Column("refs", Integer, nullable=False),  # rows in files
    Column("unused", Instant),  # since when refs is 0
)
Index(
    "ix_files_contents_unused",
    contents.c.unused,
    sqlite_where=contents.c.refs == 0,
    postgresql_where=contents.c.refs == 0,
)

# What lies, or may lie, on the shelf without a row in files_contents: written down before the first byte is,
# and before the last row that refers to it goes. So a crash at any moment leaves nothing unknown.
strays: Final = Table(
    "files_strays",
    metadata,
    Column("path", String(80), primary_key=True),
    Column("since", Instant, nullable=False, index=True),
    Column(
        "doomed", Boolean(create_constraint=False), nullable=False
    ),  # is being removed: nobody may keep it
)
