"""Devices, and the mark of their changes."""

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
        "devices_devices",
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("longitude", sa.Float(53), nullable=True),
        sa.Column("latitude", sa.Float(53), nullable=True),
        sa.Column("floor", sa.String(40), nullable=False),
        sa.Column("operator", sa.String(60), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("contract", sa.String(200), nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("names", _json, nullable=False),
        sa.Column("maintenance", _json, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("hardware", _json, nullable=False),
        sa.Column("versions", _json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("enrolled", sa.BigInteger(), nullable=True),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_devices_devices"),
    )
    op.create_index("ix_devices_devices_mark", "devices_devices", ["mark"])
    op.create_index("ix_devices_devices_site", "devices_devices", ["site", "kind"])
    marks = op.create_table(
        "devices_marks",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_devices_marks"),
    )
    op.bulk_insert(marks, [{"name": "devices", "revision": 1}])
