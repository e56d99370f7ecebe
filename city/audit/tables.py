"""Tables of the audit trail. Triggers of the first migration keep them append-only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from city.db.schema import Instant, Serial, metadata

entries: Final = Table(
    "audit_entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("chain", String(16), nullable=False),
    Column("time", Instant, nullable=False),
    Column("by", String(80), nullable=False),
    Column("action", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("record", String(80), nullable=False),
    Column("fields", Text, nullable=False),  # names, a space between two
    Column("why", String(300), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("request", String(80), nullable=False),
    Column("seal", BigInteger, nullable=True),  # number of its seal: given once, the only change of a row
    sqlite_autoincrement=True,  # an id is never used twice, also not after the newest rows are gone
)
Index("ix_audit_entries_seal", entries.c.chain, entries.c.seal)
Index("ix_audit_entries_record", entries.c.kind, entries.c.record)
Index("ix_audit_entries_by", entries.c.by)

seals: Final = Table(
    "audit_seals",
    metadata,
    Column("chain", String(16), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a hole
    Column("time", Instant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("index", LargeBinary, nullable=False),  # for each row: id (8 bytes) and digest (32 bytes)
    Column("upto", BigInteger, nullable=False),  # of a tombstone: seals up to this number were let go
    Column("upto_hash", LargeBinary, nullable=False),  # the last of these
    Column("gone", BigInteger, nullable=False),  # rows that went with them
    Column("previous", LargeBinary, nullable=False),  # hash of the seal before
    Column("hash", LargeBinary, nullable=False),
    Column("mark", LargeBinary, nullable=False),  # keyed with what no database holds; empty without a key
)
Index("ix_audit_seals_upto", seals.c.chain, seals.c.upto)
