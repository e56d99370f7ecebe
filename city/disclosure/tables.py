"""Tables of the register: what was shown when."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from city.db.schema import Instant, Json, metadata

registered: Final = Table(
    "disclosure_tables",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("number", Integer, nullable=False),  # of the newest release, 0 before the first
)

releases: Final = Table(
    "disclosure_releases",
    metadata,
    Column("key", String(160), ForeignKey(registered.c.key), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("released", Instant, nullable=False),
    Column("least", Integer, nullable=False),
    Column("rows", Json, nullable=False),  # [row, what it is part of], in order
    Column("columns", Json, nullable=False),
    Column("counts", Json, nullable=False),  # [row, column, count] of inner cells: never shown
    Column("hidden", Json, nullable=False),  # [row, column]
)
