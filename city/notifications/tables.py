"""The tables of notices. No words lie here, and no address: they are made when a message is sent."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from city.db.schema import Instant, Json, Serial, metadata

notices: Final = Table(
    "notices",
    metadata,
    Column("id", String(36), primary_key=True),  # sorts by time
    Column("person", String(64), nullable=False),
    Column("topic", String(64), nullable=False),
    Column("template", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", Json, nullable=False),
    Column("private", Boolean(create_constraint=False), nullable=False),  # whether the vault has more of it
    Column("channels", Json, nullable=False),
    Column("reach", String(4), nullable=False),
    Column("urgent", Boolean(create_constraint=False), nullable=False),
    Column("key", String(200)),
    Column("asked", Instant, nullable=False),
    Column("expires", Instant),
    Column("wake", Instant),  # when its deliveries are to be made; nothing afterwards
    Column("inbox", Boolean(create_constraint=False), nullable=False),
    Column("read", Instant),
    UniqueConstraint("person", "key"),
)
_inbox = notices.c.inbox.is_(True)
_unread = _inbox & notices.c.read.is_(None)
Index("ix_notices_inbox", notices.c.person, notices.c.id, sqlite_where=_inbox, postgresql_where=_inbox)
Index("ix_notices_unread", notices.c.person, sqlite_where=_unread, postgresql_where=_unread)
Index(
    "ix_notices_wake",
    notices.c.wake,
    sqlite_where=notices.c.wake.is_not(None),
    postgresql_where=notices.c.wake.is_not(None),
)
Index("ix_notices_asked", notices.c.asked)

deliveries: Final = Table(
    "notice_deliveries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("notice", String(36), ForeignKey(notices.c.id, ondelete="CASCADE"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("state", String(8), nullable=False),  # queued, sent, failed, skipped
    Column("wake", Instant),  # of the next attempt, while it is queued
    Column("attempts", Integer, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("error", String(500), nullable=False),
    Column("sent", Instant),
    Column("changed", Instant, nullable=False),
    UniqueConstraint("notice", "channel"),
    sqlite_autoincrement=True,  # a dead letter names one by its id: it never names another
)
Index(
    "ix_notice_deliveries_wake",
    deliveries.c.channel,
    deliveries.c.wake,
    sqlite_where=deliveries.c.wake.is_not(None),
    postgresql_where=deliveries.c.wake.is_not(None),
)

preferences: Final = Table(
    "notice_preferences",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("wanted", Boolean(create_constraint=False), nullable=False),
    Column("changed", Instant, nullable=False),
)

quiet_hours: Final = Table(
    "notice_quiet_hours",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("hours", String(11), nullable=False),  # `22:00-05:00`, empty for none
    Column("changed", Instant, nullable=False),
)

pushes: Final = Table(
    "notice_pushes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column(
        "mark", String(64), nullable=False, unique=True
    ),  # SHA-256 of the browser's address, which is a secret
    Column("added", Instant, nullable=False),
)
