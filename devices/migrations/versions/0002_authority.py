"""Intermediate authorities, and the certificates that they issued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "devices_authorities",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices_authorities"),
    )
    op.create_table(
        "devices_certificates",
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("authority", sa.String(36), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority"], ["devices_authorities.id"], name="fk_devices_certificates_authority"
        ),
        sa.PrimaryKeyConstraint("serial", name="pk_devices_certificates"),
        sa.UniqueConstraint("fingerprint", name="uq_devices_certificates_fingerprint"),
    )
    op.create_index("ix_devices_certificates_device", "devices_certificates", ["device", "issued"])
    op.create_index("ix_devices_certificates_revoked", "devices_certificates", ["authority", "revoked"])
