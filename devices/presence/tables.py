"""Tables of presence: what is known now, how it came about, and of which sites alerts knows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from city.db.schema import Instant, Serial, metadata

presence: Final = Table(
    "presence_devices",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("heard", Instant, nullable=False),
    Column("sample", Instant, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("version", String(64), nullable=False),
    Column("flapping", Boolean(create_constraint=False), nullable=False),
    Column("maintained", Boolean(create_constraint=False), nullable=False),
    Column("raised", Instant, nullable=False),
)
Index("ix_presence_devices_site", presence.c.site, presence.c.device)
Index("ix_presence_devices_state", presence.c.state, presence.c.since)

changes: Final = Table(
    "presence_changes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("device", String(64), nullable=False),
    Column("time", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("epoch", BigInteger, nullable=False),
)
Index("ix_presence_changes_device", changes.c.device, changes.c.id)
Index("ix_presence_changes_time", changes.c.time)

sites: Final = Table(
    "presence_sites",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("raised", Instant, nullable=False),  # since when alerts knows; 0: it does not
    Column("down", Integer, nullable=False),
    Column("members", Integer, nullable=False),
)
