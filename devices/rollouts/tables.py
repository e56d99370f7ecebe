"""Tables of rollouts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from city.db.schema import Instant, Json, metadata

rollouts: Final = Table(
    "rollouts_rollouts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("patch", Json, nullable=False),
    Column("selector", Json, nullable=False),
    Column("plan", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("created", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)
Index("ix_rollouts_rollouts_state", rollouts.c.state)
Index("ix_rollouts_rollouts_created", rollouts.c.created, rollouts.c.id)

items: Final = Table(
    "rollouts_items",
    metadata,
    Column("rollout", String(64), ForeignKey(rollouts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("device", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("stage", Integer),
    Column("state", String(16), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("before", Json, nullable=False),
    Column("was", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("set", Instant),
    Column("awake", Instant),
    Column("matched", Instant),
    # The device while its rollout is not over, else nothing: no device is part of two that are not.
    Column("claim", String(64), unique=True),
)
Index("ix_rollouts_items_place", items.c.rollout, items.c.place)
Index("ix_rollouts_items_device", items.c.device)
