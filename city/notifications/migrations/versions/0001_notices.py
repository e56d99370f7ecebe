"""Notices, what became of them, what people want to be told, and browsers that take pushes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    # SQLite uses an index for the very words of the query, and ours say 1 there.
    return {
        "sqlite_where": sa.text(condition.replace("true", "1")),
        "postgresql_where": sa.text(condition),
    }


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", _json, nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("channels", _json, nullable=False),
        sa.Column("reach", sa.String(4), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("wake", sa.BigInteger(), nullable=True),
        sa.Column("inbox", sa.Boolean(), nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("person", "key", name="uq_notices_person_key"),
    )
    op.create_index("ix_notices_inbox", "notices", ["person", "id"], **_where("inbox IS true"))
    op.create_index("ix_notices_unread", "notices", ["person"], **_where("inbox IS true AND read IS NULL"))
    op.create_index("ix_notices_wake", "notices", ["wake"], **_where("wake IS NOT NULL"))
    op.create_index("ix_notices_asked", "notices", ["asked"])
    op.create_table(
        "notice_deliveries",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("notice", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("wake", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_deliveries"),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name="fk_notice_deliveries_notice", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("notice", "channel", name="uq_notice_deliveries_notice_channel"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_notice_deliveries_wake", "notice_deliveries", ["channel", "wake"], **_where("wake IS NOT NULL")
    )
    op.create_table(
        "notice_preferences",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "topic", "channel", name="pk_notice_preferences"),
    )
    op.create_table(
        "notice_quiet_hours",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("hours", sa.String(11), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_notice_quiet_hours"),
    )
    op.create_table(
        "notice_pushes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_pushes"),
        sa.UniqueConstraint("mark", name="uq_notice_pushes_mark"),
    )
    op.create_index("ix_notice_pushes_person", "notice_pushes", ["person"])
