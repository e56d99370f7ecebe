"""Cases, their teams, forced openings and consents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["case"], ["protected_cases.id"], name=f"fk_{table}_case", ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "protected_cases",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(80), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("reviewed", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_protected_cases"),
    )
    op.create_table(
        "protected_members",
        sa.Column("case", sa.String(26), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("duty", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case", "person", name="pk_protected_members"),
        _of_case("protected_members"),
    )
    op.create_index("ix_protected_members_person", "protected_members", ["person"])
    op.create_table(
        "protected_openings",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("case", sa.String(26), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reviewed", sa.BigInteger(), nullable=True),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_protected_openings"),
        _of_case("protected_openings"),
    )
    op.create_index("ix_protected_openings_case", "protected_openings", ["case"])
    op.create_table(
        "protected_consents",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("case", sa.String(26), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("receiver", sa.String(80), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_protected_consents"),
        _of_case("protected_consents"),
    )
    op.create_index("ix_protected_consents_case", "protected_consents", ["case"])
    op.create_index("ix_protected_consents_until", "protected_consents", ["until"])
