"""Where people are signed in, and by what apps come: sessions, apps, their keys and tokens."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from city.db.schema import Instant, Json, metadata
from city.identity.tables.people import people

sessions: Final = Table(
    "identity_sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # of the token, which nobody keeps
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("method", String(16), nullable=False),
    Column("agent", String(120), nullable=False),  # browser, in its own words, cleaned and cut
    Column("address", String(64), nullable=False),  # network, not host
    Column("created", Instant, nullable=False),
    Column("seen", Instant, nullable=False),  # to the minute
    Column("idle", Instant, nullable=False),  # over by then, where nobody comes before
    Column("ends", Instant, nullable=False),  # over by then in any case
    Column("strong", Instant),  # when the second factor was shown
    Column("ended", Instant),
    Column("why", String(16), nullable=False),  # it ended
)
Index("ix_identity_sessions_person", sessions.c.person, sessions.c.ended)
Index("ix_identity_sessions_ends", sessions.c.ends)

apps: Final = Table(
    "identity_apps",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("unit", String(64), nullable=False),  # that answers for it
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
)

keys: Final = Table(
    "identity_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("app", String(36), ForeignKey(apps.c.id, ondelete="CASCADE"), nullable=False),
    Column("prefix", String(16), nullable=False, unique=True),  # to recognise it by
    Column("hash", String(64), nullable=False),
    Column("label", String(80), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("per_day", Integer, nullable=False),
    Column("made_by", String(36), nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("successor", String(36)),  # that took its place
    Column("revoked", Instant),
    Column("used", Instant),  # to the minute
)
Index("ix_identity_keys_app", keys.c.app)

tokens: Final = Table(
    "identity_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("key", String(36), ForeignKey(keys.c.id, ondelete="CASCADE"), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
)
Index("ix_identity_tokens_key", tokens.c.key)
Index("ix_identity_tokens_expires", tokens.c.expires)

spending: Final = Table(
    "identity_spending",
    metadata,
    Column("key", String(36), ForeignKey(keys.c.id, ondelete="CASCADE"), primary_key=True),
    Column("day", Instant, primary_key=True),  # µs UTC at which it began
    Column("spent", BigInteger, nullable=False),  # requests, with those that a process has set aside
)
