"""Commands, their histories, bulks, and results that belong to none."""

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
        "commands_commands",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("arguments", _json, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("bulk", sa.String(64), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(1_000), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("value", _json, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=True),
        sa.Column("sent", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commands_commands"),
    )
    op.create_index("ix_commands_commands_bulk", "commands_commands", ["bulk"])
    op.create_index("ix_commands_commands_device", "commands_commands", ["device", "issued"])
    op.create_index("ix_commands_commands_issued", "commands_commands", ["issued", "id"])
    op.create_index("ix_commands_commands_state", "commands_commands", ["state", "issued"])
    op.create_table(
        "commands_lines",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(1_000), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commands_lines"),
        sa.ForeignKeyConstraint(
            ["command"], ["commands_commands.id"], name="fk_commands_lines_command", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_commands_lines_command", "commands_lines", ["command"])
    op.create_table(
        "commands_bulks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("selector", _json, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commands_bulks"),
    )
    op.create_index("ix_commands_bulks_issued", "commands_bulks", ["issued", "id"])
    op.create_table(
        "commands_strays",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commands_strays"),
    )
    op.create_index(
        "ix_commands_strays_command", "commands_strays", ["device", "command", "reason"], unique=True
    )
