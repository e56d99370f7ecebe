"""The register of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("title", _json, nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("unit", sa.String(120), nullable=False),
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("initials", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("reason", _json, nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("file", sa.String(36), nullable=False),
        sa.Column("trial", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_documents"),
        sa.UniqueConstraint("unit", "number", name="uq_documents_unit_number"),
    )
    for column in ("number", "record", "digest"):
        op.create_index(f"ix_documents_{column}", "documents", [column])
