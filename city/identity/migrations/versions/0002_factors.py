"""Passwords, second factors, one-time links and codes, counts of failures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "identity_passwords",
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_identity_passwords"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_passwords_person", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "identity_authenticators",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_authenticators"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_authenticators_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_authenticators_person", "identity_authenticators", ["person"])
    op.create_table(
        "identity_passkeys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("credential", sa.String(1_400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", sa.BigInteger(), nullable=False),
        sa.Column("transports", _json, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_passkeys"),
        sa.UniqueConstraint("credential", name="uq_identity_passkeys_credential"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_passkeys_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_passkeys_person", "identity_passkeys", ["person"])
    op.create_table(
        "identity_recoveries",
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person", "hash", name="pk_identity_recoveries"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_recoveries_person", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "identity_challenges",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_identity_challenges"),
    )
    op.create_index("ix_identity_challenges_expires", "identity_challenges", ["expires"])
    op.create_table(
        "identity_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("made_by", sa.String(36), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_links"),
        sa.UniqueConstraint("hash", name="uq_identity_links_hash"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_people.id"], name="fk_identity_links_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_links_person", "identity_links", ["person"])
    op.create_table(
        "identity_codes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("contact", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_codes"),
    )
    op.create_index("ix_identity_codes_contact", "identity_codes", ["contact"])
    op.create_index("ix_identity_codes_expires", "identity_codes", ["expires"])
    op.create_table(
        "identity_throttles",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_identity_throttles"),
    )
    op.create_index("ix_identity_throttles_updated", "identity_throttles", ["updated"])
