"""By which generation of the key of look-ups a contact is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("identity_contacts") as table:
        table.add_column(sa.Column("generation", sa.String(32), nullable=False, server_default=""))
    op.create_index("ix_identity_contacts_generation", "identity_contacts", ["generation"])
