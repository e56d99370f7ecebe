"""Letters say what they are about, and whether they wait to be taken again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_failures", sa.Column("subject", sa.String(200), nullable=False, server_default=""))
    op.add_column("outbox_failures", sa.Column("asked", sa.BigInteger(), nullable=True))
    asked = sa.text("asked IS NOT NULL")
    op.create_index(
        "ix_outbox_failures_asked",
        "outbox_failures",
        ["consumer"],
        sqlite_where=asked,
        postgresql_where=asked,
    )
