"""Tables of webhooks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from city.db.schema import Instant, Json, metadata

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("owner_kind", String(16), nullable=False),
    Column("title", String(120), nullable=False),
    Column("url", String(2_000), nullable=False),
    Column("types", Json, nullable=False),
    Column("parallel", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("since", Instant, nullable=False),
    Column("rotated", Instant),  # until when the secret before still signs
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

# Written often, by the one process that delivers; the subscriptions are written seldom, by their owners.
places: Final = Table(
    "webhook_places",
    metadata,
    Column("webhook", String(36), ForeignKey(webhooks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("streak", Integer, nullable=False),
    Column("failing", Instant),
    Column("not_before", Instant, nullable=False),
    Column("error", String(500), nullable=False),
    Column("status", Integer, nullable=False),
    Column("succeeded", Instant),
    Column("gap_after", BigInteger),
    Column("gap_until", BigInteger),
    Column("changed", Instant, nullable=False),
)
