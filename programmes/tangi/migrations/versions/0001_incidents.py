"""Incidents, their timelines and numbers, and probes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tangi_incidents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.String(2), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("title", _json, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(64), nullable=True),
        sa.Column("alert", sa.String(64), nullable=False),
        sa.Column("alert_over", sa.BigInteger(), nullable=True),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(80), nullable=False),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(2_000), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tangi_incidents"),
        sa.UniqueConstraint("number", name="uq_tangi_incidents_number"),
        sa.UniqueConstraint("claim", name="uq_tangi_incidents_claim"),
    )
    op.create_index("ix_tangi_incidents_working", "tangi_incidents", ["working", "priority", "opened"])
    op.create_index("ix_tangi_incidents_alert", "tangi_incidents", ["alert"])
    op.create_index("ix_tangi_incidents_opened", "tangi_incidents", ["opened", "id"])
    op.create_table(
        "tangi_entries",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(36), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("text", _json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tangi_entries"),
        sa.ForeignKeyConstraint(
            ["incident"], ["tangi_incidents.id"], name="fk_tangi_entries_incident", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_tangi_entries_incident", "tangi_entries", ["incident"])
    op.create_table(
        "tangi_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_tangi_numbers"),
    )
    op.create_table(
        "tangi_probes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tangi_probes"),
    )
    op.create_index("ix_tangi_probes_arrived", "tangi_probes", ["arrived"])
