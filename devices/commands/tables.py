"""Tables of commands."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from city.db.schema import Instant, Json, Serial, metadata

commands: Final = Table(
    "commands_commands",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("device", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("type", String(32), nullable=False),
    Column("arguments", Json, nullable=False),
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("bulk", String(64), nullable=False),
    Column("issued", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("reason", String(1_000), nullable=False),
    Column("progress", Integer, nullable=False),
    Column("value", Json, nullable=False),
    Column("number", Integer, nullable=False),
    Column("heard", Instant),
    Column("sent", Instant),
    Column("asked", Instant),
    Column("tries", Integer, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("told", Boolean(create_constraint=False), nullable=False),
    Column("late", Boolean(create_constraint=False), nullable=False),
    Column("revision", Integer, nullable=False),
)
Index("ix_commands_commands_device", commands.c.device, commands.c.issued)
Index("ix_commands_commands_state", commands.c.state, commands.c.issued)
Index("ix_commands_commands_bulk", commands.c.bulk)
Index("ix_commands_commands_issued", commands.c.issued, commands.c.id)

lines: Final = Table(
    "commands_lines",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("command", String(64), ForeignKey(commands.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("time", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(1_000), nullable=False),
    Column("source", String(8), nullable=False),
)

bulks: Final = Table(
    "commands_bulks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("type", String(32), nullable=False),
    Column("selector", Json, nullable=False),
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("issued", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("total", Integer, nullable=False),
)
Index("ix_commands_bulks_issued", bulks.c.issued, bulks.c.id)

strays: Final = Table(
    "commands_strays",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("device", String(64), nullable=False),
    Column("command", String(64), nullable=False),
    Column("reason", String(32), nullable=False),  # unknown, foreign, unreadable
    Column("payload", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("count", Integer, nullable=False),
)
Index("ix_commands_strays_command", strays.c.device, strays.c.command, strays.c.reason, unique=True)
