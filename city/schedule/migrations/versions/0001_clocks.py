"""Clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "clocks",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("wake", sa.BigInteger(), nullable=True),
        sa.Column("calendar", sa.String(8), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("payload", _json, nullable=False),
        sa.Column("every", _json, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clocks"),
        sa.UniqueConstraint("kind", "key", name="uq_clocks_kind_key"),
        sqlite_autoincrement=True,
    )
    awake, resting, failing = sa.text("wake IS NOT NULL"), sa.text("wake IS NULL"), sa.text("error != ''")
    op.create_index("ix_clocks_wake", "clocks", ["kind", "wake"], sqlite_where=awake, postgresql_where=awake)
    op.create_index(
        "ix_clocks_resting", "clocks", ["state", "id"], sqlite_where=resting, postgresql_where=resting
    )
    op.create_index("ix_clocks_failing", "clocks", ["id"], sqlite_where=failing, postgresql_where=failing)
