"""Alerts that come and go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.false()
    op.add_column(
        "alerts",
        sa.Column("flapping", sa.Boolean(create_constraint=False), nullable=False, server_default=no),
    )
    op.add_column("alerts", sa.Column("cleared", sa.BigInteger()))
    json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.add_column("alerts_marks", sa.Column("opened", json))
