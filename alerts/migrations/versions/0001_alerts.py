"""Alerts, their history, the judgements taken, and those refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("rule_hash", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("title", _json, nullable=False),
        sa.Column("evidence", _json, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("fired", sa.BigInteger()),
        sa.Column("resolved", sa.BigInteger()),
        sa.Column("acknowledged_by", sa.String(200), nullable=False),
        sa.Column("acknowledged", sa.BigInteger()),
        sa.Column("silenced_until", sa.BigInteger()),
        sa.Column("incident", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("probe", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    lite = sa.text("state != 'resolved' AND probe IS 0")
    post = sa.text("state != 'resolved' AND probe IS false")
    op.create_index(
        "ix_alerts_open", "alerts", ["fingerprint"], unique=True, sqlite_where=lite, postgresql_where=post
    )
    op.create_index("ix_alerts_state", "alerts", ["state", "rank", "started"])
    op.create_index("ix_alerts_updated", "alerts", ["updated"])
    op.create_table(
        "alerts_history",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("alert", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", _json),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_history"),
    )
    op.create_index("ix_alerts_history_alert", "alerts_history", ["alert", "id"])
    op.create_table(
        "alerts_judgements",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("alert", sa.String(36), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("probe", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_judgements"),
    )
    op.create_index("ix_alerts_judgements_received", "alerts_judgements", ["received"])
    op.create_table(
        "alerts_marks",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("stream", sa.String(140), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_alerts_marks"),
    )
    op.create_index("ix_alerts_marks_touched", "alerts_marks", ["touched"])
    op.create_table(
        "alerts_refused",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(300), nullable=False),
        sa.Column("properties", _json, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.String(120), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_refused"),
    )
    op.create_index("ix_alerts_refused_received", "alerts_refused", ["received"])
