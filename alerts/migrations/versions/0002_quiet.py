"""Why nobody is told of an alert, and silences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("alerts", sa.Column("quiet", sa.String(16)))
    op.add_column("alerts", sa.Column("told", sa.BigInteger()))
    op.add_column("alerts", sa.Column("silence", sa.String(36), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("inhibited_by", sa.String(36), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("maintenance_until", sa.BigInteger()))
    op.execute("UPDATE alerts SET told = fired")
    op.execute("UPDATE alerts SET quiet = 'silenced' WHERE state = 'firing' AND silenced_until IS NOT NULL")
    living = sa.text("state != 'resolved' AND probe IS false")
    hidden = sa.text("state != 'resolved' AND probe IS false AND quiet IS NOT NULL")
    for name, columns, where in (
        ("ix_alerts_rule", ["rule", "site", "id"], living),
        ("ix_alerts_quiet", ["silence", "inhibited_by"], hidden),
    ):
        op.create_index(name, "alerts", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "alerts_silences",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("matchers", _json, nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("until_resolved", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("ended_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_silences"),
    )
    op.create_index("ix_alerts_silences_ended", "alerts_silences", ["ended", "ends"])
