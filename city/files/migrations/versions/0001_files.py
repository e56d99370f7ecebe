"""Files, their contents, and what nobody refers to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use", sa.String(64), nullable=False),
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("sealed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_digest", "files", ["digest"])
    op.create_index("ix_files_record", "files", ["record", "use"])
    op.create_index("ix_files_subject", "files", ["subject"])
    op.create_table(
        "files_contents",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("path", sa.String(80), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("refs", sa.Integer(), nullable=False),
        sa.Column("unused", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_files_contents"),
    )
    unused = sa.text("refs = 0")
    op.create_index(
        "ix_files_contents_unused", "files_contents", ["unused"], sqlite_where=unused, postgresql_where=unused
    )
    op.create_table(
        "files_strays",
        sa.Column("path", sa.String(80), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("doomed", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_files_strays"),
    )
    op.create_index("ix_files_strays_since", "files_strays", ["since"])
