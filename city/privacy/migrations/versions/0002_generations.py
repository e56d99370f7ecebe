"""Generations of the key of look-ups, and by which one each look-up value was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_generations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_generations"),
        sa.UniqueConstraint("number", name="uq_privacy_generations_number"),
    )
    with op.batch_alter_table("privacy_index") as table:
        table.add_column(sa.Column("generation", sa.String(32), nullable=False, server_default=""))
    op.create_index("ix_privacy_index_generation", "privacy_index", ["generation"])
