"""What was said in CAP, and how each hazard stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts_cap_hazards",
        sa.Column("hazard", sa.String(64), nullable=False),
        sa.Column("alert", sa.String(36), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(64), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("stale", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("hazard", name="pk_alerts_cap_hazards"),
    )
    op.create_index("ix_alerts_cap_hazards_live", "alerts_cap_hazards", ["live", "sent"])
    op.create_table(
        "alerts_cap_messages",
        sa.Column("identifier", sa.String(64), nullable=False),
        sa.Column("hazard", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("alert", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_alerts_cap_messages"),
    )
    op.create_index("ix_alerts_cap_messages_hazard", "alerts_cap_messages", ["hazard", "number"], unique=True)
    op.create_index("ix_alerts_cap_messages_alert", "alerts_cap_messages", ["alert", "number"])
    op.create_index("ix_alerts_cap_messages_sent", "alerts_cap_messages", ["sent"])
