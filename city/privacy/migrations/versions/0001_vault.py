"""Keys, records, sealed fields, the blind index, and requests of persons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "privacy_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_keys"),
        sa.UniqueConstraint("number", name="uq_privacy_keys_number"),
    )
    op.create_table(
        "privacy_records",
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("kek", sa.String(32), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("erased", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "record", name="pk_privacy_records"),
        sa.ForeignKeyConstraint(["kek"], ["privacy_keys.id"], name="fk_privacy_records_kek"),
    )
    op.create_index("ix_privacy_records_subject", "privacy_records", ["subject"])
    op.create_index("ix_privacy_records_kek", "privacy_records", ["kek"])
    op.create_index("ix_privacy_records_changed", "privacy_records", ["kind", "changed"])
    op.create_table(
        "privacy_fields",
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record", "field", name="pk_privacy_fields"),
        sa.ForeignKeyConstraint(
            ["kind", "record"],
            ["privacy_records.kind", "privacy_records.record"],
            name="fk_privacy_fields_kind_record",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "privacy_index",
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("kind", "record", "name", "digest", name="pk_privacy_index"),
        sa.UniqueConstraint("kind", "name", "claim", name="uq_privacy_index_kind_name_claim"),
        sa.ForeignKeyConstraint(
            ["kind", "record"],
            ["privacy_records.kind", "privacy_records.record"],
            name="fk_privacy_index_kind_record",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_privacy_index_digest", "privacy_index", ["kind", "name", "digest"])
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("report", _json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_requests"),
    )
    op.create_index("ix_privacy_requests_subject", "privacy_requests", ["subject"])
