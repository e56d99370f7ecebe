"""Tables of the vault: nothing in them can be read without the key-encryption keys."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from city.db.schema import Instant, Json, metadata

keks: Final = Table(
    "privacy_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    # The greatest is the current one. A new key is a new row: to change one waits for all that wrap with it.
    Column("number", Integer, nullable=False, unique=True),
    Column("since", Instant, nullable=False),
)

records: Final = Table(
    "privacy_records",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("record", String(80), primary_key=True),
    Column("subject", String(80), nullable=False, index=True),  # id of the person whose data it is
    # Nothing where it was erased. A key that a record needs cannot be deleted: the database sees to it.
    Column("kek", String(32), ForeignKey(keks.c.id), index=True),
    Column("wrapped", LargeBinary, nullable=False),  # the record's own key, encrypted
    Column("created", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("erased", Instant),
)
Index("ix_privacy_records_changed", records.c.kind, records.c.changed)

fields: Final = Table(
    "privacy_fields",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("record", String(80), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["kind", "record"], [records.c.kind, records.c.record], ondelete="CASCADE"),
)

blinds: Final = Table(
    "privacy_index",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("record", String(80), primary_key=True),
    Column("name", String(64), primary_key=True),  # nik, phone, email …
    Column("digest", String(64), primary_key=True),  # keyed hash of the normal form, hex
    Column("claim", String(64)),  # the same where no other record of the kind may have it
    Column("generation", String(32), nullable=False, server_default=""),  # of the key of the hash
    ForeignKeyConstraint(["kind", "record"], [records.c.kind, records.c.record], ondelete="CASCADE"),
    UniqueConstraint("kind", "name", "claim"),
)
Index("ix_privacy_index_digest", blinds.c.kind, blinds.c.name, blinds.c.digest)
Index("ix_privacy_index_generation", blinds.c.generation)

generations: Final = Table(
    "privacy_generations",
    metadata,
    Column("id", String(32), primary_key=True),  # empty: made with the root of all keyed hashes
    # The greatest is the newest. Without any row there is the first generation alone.
    Column("number", Integer, nullable=False, unique=True),
    Column("since", Instant, nullable=False),
)

requests: Final = Table(
    "privacy_requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("subject", String(80), nullable=False, index=True),
    Column("action", String(16), nullable=False),  # export, erase
    Column("time", Instant, nullable=False),
    Column("report", Json, nullable=False),  # what was exported, erased and kept, without any of it
)
