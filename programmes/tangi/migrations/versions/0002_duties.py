"""Who has an incident in hand, by when someone must, and who acted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tangi_incidents") as table:
        table.add_column(sa.Column("unit", sa.String(64), nullable=False, server_default=""))
        table.add_column(sa.Column("assignee", sa.String(36), nullable=False, server_default=""))
        table.add_column(sa.Column("assigned_to", sa.String(80), nullable=False, server_default=""))
        table.add_column(sa.Column("due", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("escalated", sa.BigInteger(), nullable=True))
    op.create_index("ix_tangi_incidents_assignee", "tangi_incidents", ["assignee"])
    op.create_index("ix_tangi_incidents_closed", "tangi_incidents", ["closed"])
    with op.batch_alter_table("tangi_entries") as table:
        table.add_column(sa.Column("who", sa.String(36), nullable=False, server_default=""))
    op.create_index("ix_tangi_entries_who", "tangi_entries", ["who"])
