"""Entries and seals, and triggers that keep both append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FIXED = ("id", "chain", "time", '"by"', "action", "kind", "record", "fields", "why", "unit", "request")
_CHANGED = f"({', '.join(f'OLD.{c}' for c in _FIXED)}) IS NOT ({', '.join(f'NEW.{c}' for c in _FIXED)})"
_BY_SEALER = "OLD.seal IS NULL AND NEW.seal IS NOT NULL"
# Only what a tombstone covers may go: it is written first, in the same transaction.
_LET_GO = "(SELECT coalesce(max(upto), 0) FROM audit_seals WHERE chain = OLD.chain)"

_SQLITE = (
    f"""CREATE TRIGGER audit_entries_fixed BEFORE UPDATE ON audit_entries
    WHEN NOT ({_BY_SEALER}) OR {_CHANGED}
    BEGIN SELECT RAISE(ABORT, 'an audit entry never changes'); END""",
    f"""CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries
    WHEN OLD.seal IS NULL OR OLD.seal > {_LET_GO}
    BEGIN SELECT RAISE(ABORT, 'an audit entry is only let go with its seal'); END""",
    """CREATE TRIGGER audit_seals_fixed BEFORE UPDATE ON audit_seals
    BEGIN SELECT RAISE(ABORT, 'a seal never changes'); END""",
    f"""CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals
    WHEN OLD.number > {_LET_GO}
    BEGIN SELECT RAISE(ABORT, 'a seal is only let go under a tombstone'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit trail is append-only: % on % refused', TG_OP, TG_TABLE_NAME; END $$""",
    f"""CREATE FUNCTION audit_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE place bigint;
    BEGIN
        place := CASE TG_TABLE_NAME WHEN 'audit_seals' THEN (to_jsonb(OLD) ->> 'number')::bigint
                 ELSE (to_jsonb(OLD) ->> 'seal')::bigint END;
        IF place IS NULL OR place > {_LET_GO} THEN
            RAISE EXCEPTION 'the audit trail is append-only: % on % refused', TG_OP, TG_TABLE_NAME;
        END IF;
        RETURN OLD;
    END $$""",
    f"""CREATE TRIGGER audit_entries_fixed BEFORE UPDATE ON audit_entries FOR EACH ROW
    WHEN (NOT ({_BY_SEALER}) OR {_CHANGED.replace("IS NOT", "IS DISTINCT FROM")})
    EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries FOR EACH ROW
    EXECUTE FUNCTION audit_let_go()""",
    """CREATE TRIGGER audit_seals_fixed BEFORE UPDATE ON audit_seals FOR EACH ROW
    EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals FOR EACH ROW
    EXECUTE FUNCTION audit_let_go()""",
    """CREATE TRIGGER audit_entries_whole BEFORE TRUNCATE ON audit_entries
    EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_seals_whole BEFORE TRUNCATE ON audit_seals
    EXECUTE FUNCTION audit_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("record", sa.String(80), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("unit", sa.String(80), nullable=False),
        sa.Column("request", sa.String(80), nullable=False),
        sa.Column("seal", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_seal", "audit_entries", ["chain", "seal"])
    op.create_index("ix_audit_entries_record", "audit_entries", ["kind", "record"])
    op.create_index("ix_audit_entries_by", "audit_entries", ["by"])
    op.create_table(
        "audit_seals",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("index", sa.LargeBinary(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("upto_hash", sa.LargeBinary(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "number", name="pk_audit_seals"),
    )
    op.create_index("ix_audit_seals_upto", "audit_seals", ["chain", "upto"])
    lite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if lite else _POSTGRESQL:
        op.execute(statement)
