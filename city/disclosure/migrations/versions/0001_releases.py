"""Tables that were shown, and their releases."""

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
        "disclosure_tables",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_disclosure_tables"),
    )
    op.create_table(
        "disclosure_releases",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("rows", _json, nullable=False),
        sa.Column("columns", _json, nullable=False),
        sa.Column("counts", _json, nullable=False),
        sa.Column("hidden", _json, nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name="pk_disclosure_releases"),
        sa.ForeignKeyConstraint(["key"], ["disclosure_tables.key"], name="fk_disclosure_releases_key"),
    )
