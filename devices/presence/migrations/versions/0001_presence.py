"""What is known of devices and sites, and each device's changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presence_devices",
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("flapping", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("maintained", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_presence_devices"),
    )
    op.create_index("ix_presence_devices_site", "presence_devices", ["site", "device"])
    op.create_index("ix_presence_devices_state", "presence_devices", ["state", "since"])
    op.create_table(
        "presence_changes",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_presence_changes"),
    )
    op.create_index("ix_presence_changes_device", "presence_changes", ["device", "id"])
    op.create_index("ix_presence_changes_time", "presence_changes", ["time"])
    op.create_table(
        "presence_sites",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_presence_sites"),
    )
