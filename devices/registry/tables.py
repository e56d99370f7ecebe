"""The registry's tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from city.db.schema import Instant, Json, metadata

devices: Final = Table(
    "devices_devices",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("site", String(64), nullable=False),
    Column("title", String(120), nullable=False),
    Column("longitude", Float(53)),
    Column("latitude", Float(53)),
    Column("floor", String(40), nullable=False),
    Column("operator", String(60), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("contract", String(200), nullable=False),
    Column("labels", Json, nullable=False),
    Column("names", Json, nullable=False),
    Column("maintenance", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("hardware", Json, nullable=False),
    Column("versions", Json, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("enrolled", Instant),
    Column("mark", BigInteger, nullable=False),  # of its last change: readers ask for what came after theirs
)
Index("ix_devices_devices_mark", devices.c.mark)
Index("ix_devices_devices_site", devices.c.site, devices.c.kind)

marks: Final = Table(
    "devices_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
