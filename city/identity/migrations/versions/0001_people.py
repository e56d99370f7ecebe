"""People, units, contacts, accounts elsewhere, and grants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_units",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_units"),
        sa.ForeignKeyConstraint(["parent"], ["identity_units.id"], name="fk_identity_units_parent"),
    )
    op.create_index("ix_identity_units_parent", "identity_units", ["parent"])
    op.create_table(
        "identity_trees",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_trees"),
    )
    op.create_table(
        "identity_people",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("login", sa.String(120), nullable=True),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_people"),
        sa.UniqueConstraint("login", name="uq_identity_people_login"),
    )
    op.create_index("ix_identity_people_name", "identity_people", ["kind", "name", "id"])
    op.create_index("ix_identity_people_unit", "identity_people", ["unit"])
    op.create_table(
        "identity_contacts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("blind", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(64), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("verified", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_contacts"),
        sa.UniqueConstraint("claim", name="uq_identity_contacts_claim"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_contacts_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_contacts_blind", "identity_contacts", ["blind"])
    op.create_index("ix_identity_contacts_person", "identity_contacts", ["person"])
    op.create_table(
        "identity_accounts",
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identity_accounts"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_accounts_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_accounts_person", "identity_accounts", ["person"])
    op.create_table(
        "identity_grants",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("given_by", sa.String(36), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_grants"),
        sa.UniqueConstraint(
            "holder", "programme", "role", "unit", name="uq_identity_grants_holder_programme_role_unit"
        ),
    )
    op.create_index("ix_identity_grants_unit", "identity_grants", ["unit"])
    op.execute("INSERT INTO identity_trees (id, version) VALUES (1, 1)")
