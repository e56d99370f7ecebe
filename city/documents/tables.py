"""The register of documents."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, String, Table, UniqueConstraint

from city.db.schema import Instant, Json, metadata

documents: Final = Table(
    "documents",
    metadata,
    Column("code", String(12), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("title", Json, nullable=False),
    Column("number", String(80), nullable=False, index=True),
    Column("unit", String(120), nullable=False),
    Column("record", String(64), nullable=False, index=True),
    Column("initials", String(16), nullable=False),
    Column("created", Instant, nullable=False),
    Column("issued", Instant),
    Column("until", Instant),
    Column("revoked", Instant),
    Column("reason", Json),
    Column("digest", String(64), nullable=False, index=True),  # empty while it is prepared
    Column("file", String(36), nullable=False),
    Column("trial", Boolean(create_constraint=False), nullable=False),
    UniqueConstraint("unit", "number"),
)
