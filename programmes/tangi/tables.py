"""TANGI's tables in the city's database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from city.db.schema import Instant, Json, Serial, metadata

incidents: Final = Table(
    "tangi_incidents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("number", String(24), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("working", Boolean(create_constraint=False), nullable=False),  # state is one of model.WORKING
    Column("priority", String(2), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("title", Json, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    # The fingerprint while the incident is working, else nothing: no two working ones have the same.
    Column("claim", String(64), unique=True),
    Column("alert", String(64), nullable=False),
    Column("alert_over", Instant),
    Column("opened", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("acknowledged", Instant),
    Column("acknowledged_by", String(80), nullable=False),
    Column("resolved", Instant),
    Column("resolved_by", String(80), nullable=False),
    Column("reason", String(2_000), nullable=False),
    Column("closed", Instant),
    Column("unit", String(64), nullable=False, server_default=""),
    Column("assignee", String(36), nullable=False, server_default=""),
    Column("assigned_to", String(80), nullable=False, server_default=""),
    Column("due", Instant),
    Column("escalated", Instant),
)
Index("ix_tangi_incidents_working", incidents.c.working, incidents.c.priority, incidents.c.opened)
Index("ix_tangi_incidents_alert", incidents.c.alert)
Index("ix_tangi_incidents_opened", incidents.c.opened, incidents.c.id)
Index("ix_tangi_incidents_assignee", incidents.c.assignee)
Index("ix_tangi_incidents_closed", incidents.c.closed)

entries: Final = Table(
    "tangi_entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column(
        "incident", String(36), ForeignKey(incidents.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("time", Instant, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("by", String(80), nullable=False),
    Column("what", String(32), nullable=False),
    Column("text", Json, nullable=False),
    Column("who", String(36), nullable=False, server_default=""),  # id of the person who acted
)
Index("ix_tangi_entries_who", entries.c.who)

numbers: Final = Table(
    "tangi_numbers",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

probes: Final = Table(
    "tangi_probes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("sent", Instant, nullable=False),  # by the device's clock
    Column("arrived", Instant, nullable=False, index=True),
)
