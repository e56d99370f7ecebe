"""Groups of alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("alerts", sa.Column("group", sa.String(36), nullable=False, server_default=""))
    no = sa.false()
    op.add_column(
        "alerts",
        sa.Column("grouped", sa.Boolean(create_constraint=False), nullable=False, server_default=no),
    )
    op.create_index("ix_alerts_group", "alerts", ["group", "id"])
    op.create_table(
        "alerts_groups",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("grouping", sa.String(64), nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("told_rank", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("firing", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("extreme", sa.Integer(), nullable=False),
        sa.Column("severe", sa.Integer(), nullable=False),
        sa.Column("moderate", sa.Integer(), nullable=False),
        sa.Column("minor", sa.Integer(), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("window_told", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger()),
        sa.Column("acknowledged_by", sa.String(200), nullable=False),
        sa.Column("acknowledged", sa.BigInteger()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_groups"),
    )
    living = sa.text("state = 'open'")
    op.create_index(
        "ix_alerts_groups_key",
        "alerts_groups",
        ["key"],
        unique=True,
        sqlite_where=living,
        postgresql_where=living,
    )
    op.create_index("ix_alerts_groups_state", "alerts_groups", ["state", "rank", "id"])
