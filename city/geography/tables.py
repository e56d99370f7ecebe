"""Tables of the geography."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from city.db.schema import Instant, Json, metadata

sites: Final = Table(
    "geography_sites",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("longitude", Float(53), nullable=False),
    Column("latitude", Float(53), nullable=False),
    Column("polygon", Json, nullable=False),
    Column("kelurahan", String(16), nullable=False),
    Column("labels", Json, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed", Instant, nullable=False),
)

marks: Final = Table(  # one row: counts changes, so that readers know when theirs are old
    "geography_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
