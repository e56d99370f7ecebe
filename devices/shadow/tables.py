"""Tables of shadows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from city.db.schema import Instant, Json, metadata

shadows: Final = Table(
    "shadow_shadows",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("values", Json, nullable=False),
    Column("since", Json, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("reported", Json),
    Column("heard", Instant),
    Column("settled", Boolean(create_constraint=False), nullable=False),
)
Index("ix_shadow_shadows_settled", shadows.c.settled, shadows.c.changed)

versions: Final = Table(
    "shadow_versions",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("values", Json, nullable=False),
    Column("time", Instant, nullable=False),
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("source", String(64), nullable=False),
)
