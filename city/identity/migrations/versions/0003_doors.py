"""Sessions, apps, their keys and tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "identity_sessions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("idle", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("strong", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_sessions"),
        sa.UniqueConstraint("hash", name="uq_identity_sessions_hash"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_sessions_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_sessions_ends", "identity_sessions", ["ends"])
    op.create_index("ix_identity_sessions_person", "identity_sessions", ["person", "ended"])
    op.create_table(
        "identity_apps",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_apps"),
    )
    op.create_table(
        "identity_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("app", sa.String(36), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("scopes", _json, nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(36), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("successor", sa.String(36), nullable=True),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_keys"),
        sa.ForeignKeyConstraint(
            ["app"], ["identity_apps.id"], name="fk_identity_keys_app", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("prefix", name="uq_identity_keys_prefix"),
    )
    op.create_index("ix_identity_keys_app", "identity_keys", ["app"])
    op.create_table(
        "identity_tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("scopes", _json, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_tokens"),
        sa.UniqueConstraint("hash", name="uq_identity_tokens_hash"),
        sa.ForeignKeyConstraint(
            ["key"], ["identity_keys.id"], name="fk_identity_tokens_key", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_tokens_expires", "identity_tokens", ["expires"])
    op.create_index("ix_identity_tokens_key", "identity_tokens", ["key"])
    op.create_table(
        "identity_spending",
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", name="pk_identity_spending"),
        sa.ForeignKeyConstraint(
            ["key"], ["identity_keys.id"], name="fk_identity_spending_key", ondelete="CASCADE"
        ),
    )
