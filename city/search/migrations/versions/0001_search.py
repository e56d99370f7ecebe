"""Documents, their facets, the vocabulary, and the engine's index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _bytewise(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_documents",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("kind", _bytewise(32), nullable=False),
        sa.Column("key", _bytewise(120), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("learned", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("kind", "key", name="uq_search_documents_kind_key"),
    )
    op.create_index("ix_search_documents_changed", "search_documents", ["changed"])
    op.create_index(
        "ix_search_documents_unlearned",
        "search_documents",
        ["id"],
        sqlite_where=sa.text("learned IS 0"),
        postgresql_where=sa.text("learned IS false"),
    )
    op.create_table(
        "search_facets",
        sa.Column("document", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", _bytewise(120), nullable=False),
        sa.PrimaryKeyConstraint("document", "name", "value", name="pk_search_facets"),
        sa.ForeignKeyConstraint(
            ["document"], ["search_documents.id"], name="fk_search_facets_document", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_search_facets_value", "search_facets", ["name", "value", "document"])
    op.create_table(
        "search_words",
        sa.Column("id", _serial, autoincrement=True, nullable=False),
        sa.Column("word", _bytewise(64), nullable=False),
        sa.Column("stem", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_words"),
        sa.UniqueConstraint("word", name="uq_search_words_word"),
    )
    op.create_index("ix_search_words_stem", "search_words", ["stem"])
    op.create_table(
        "search_grams",
        sa.Column("gram", _bytewise(3), nullable=False),
        sa.Column("word", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gram", "word", name="pk_search_grams"),
        sa.ForeignKeyConstraint(
            ["word"], ["search_words.id"], name="fk_search_grams_word", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_search_grams_word", "search_grams", ["word"])
    _index()


def _index() -> None:
    """Where stems are looked up: FTS5 on SQLite, a tsvector on PostgreSQL."""
    if op.get_bind().dialect.name == "sqlite":
        # `ascii` takes every letter beyond ASCII as a letter, so our stems pass unchanged.
        op.execute("CREATE VIRTUAL TABLE search_index USING fts5(title, body, tokenize = 'ascii')")
        return
    op.create_table(
        "search_index",
        sa.Column("document", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("lexemes", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_search_index"),
        sa.ForeignKeyConstraint(
            ["document"], ["search_documents.id"], name="fk_search_index_document", ondelete="CASCADE"
        ),
    )
    # Without a list of what is not sorted in yet: it makes every question slower until the next vacuum.
    op.create_index(
        "ix_search_index_lexemes",
        "search_index",
        ["lexemes"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
