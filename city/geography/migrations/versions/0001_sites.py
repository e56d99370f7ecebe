"""Sites, and the mark of their changes."""

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
        "geography_sites",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("longitude", sa.Float(53), nullable=False),
        sa.Column("latitude", sa.Float(53), nullable=False),
        sa.Column("polygon", _json, nullable=False),
        sa.Column("kelurahan", sa.String(16), nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_geography_sites"),
    )
    marks = op.create_table(
        "geography_marks",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_geography_marks"),
    )
    op.bulk_insert(marks, [{"name": "sites", "revision": 1}])
