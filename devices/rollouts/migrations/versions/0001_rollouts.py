"""Rollouts and their devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "rollouts_rollouts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("patch", _json, nullable=False),
        sa.Column("selector", _json, nullable=False),
        sa.Column("plan", _json, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts_rollouts"),
    )
    op.create_index("ix_rollouts_rollouts_created", "rollouts_rollouts", ["created", "id"])
    op.create_index("ix_rollouts_rollouts_state", "rollouts_rollouts", ["state"])
    op.create_table(
        "rollouts_items",
        sa.Column("rollout", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("before", _json, nullable=False),
        sa.Column("was", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("set", sa.BigInteger(), nullable=True),
        sa.Column("awake", sa.BigInteger(), nullable=True),
        sa.Column("matched", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("rollout", "device", name="pk_rollouts_items"),
        sa.UniqueConstraint("claim", name="uq_rollouts_items_claim"),
        sa.ForeignKeyConstraint(
            ["rollout"], ["rollouts_rollouts.id"], name="fk_rollouts_items_rollout", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_rollouts_items_device", "rollouts_items", ["device"])
    op.create_index("ix_rollouts_items_place", "rollouts_items", ["rollout", "place"])
