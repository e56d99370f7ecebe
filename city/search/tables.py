"""Tables of the search. The index itself is the engine's own (migrations, engines.py)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from city.db.schema import Instant, Serial, metadata
from city.search.model import KEY, TITLE, VALUE
from city.search.words import LONGEST


def _bytewise(length: int) -> String:
    """Text that both engines order byte by byte, whatever language a database was made for."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


documents: Final = Table(
    "search_documents",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", _bytewise(32), nullable=False),
    Column("key", _bytewise(KEY), nullable=False),  # the record's id
    Column("path", String(500), nullable=False),
    Column("title", String(TITLE), nullable=False),
    Column("body", Text, nullable=False),
    Column("unit", String(64), nullable=False),
    Column("public", Boolean(create_constraint=False), nullable=False),
    Column("changed", Instant, nullable=False),
    Column("learned", Boolean(create_constraint=False), nullable=False),  # its words are in the vocabulary
    Column("stale", Boolean(create_constraint=False), nullable=False),  # not seen yet by a rebuild under way
    UniqueConstraint("kind", "key"),
)
Index("ix_search_documents_changed", documents.c.changed)
Index(
    "ix_search_documents_unlearned",
    documents.c.id,
    sqlite_where=documents.c.learned.is_(False),
    postgresql_where=documents.c.learned.is_(False),
)

facets: Final = Table(
    "search_facets",
    metadata,
    Column("document", BigInteger, ForeignKey(documents.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", _bytewise(VALUE), primary_key=True),
)
Index("ix_search_facets_value", facets.c.name, facets.c.value, facets.c.document)

vocabulary: Final = Table(
    "search_words",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("word", _bytewise(LONGEST), nullable=False, unique=True),
    Column("stem", String(LONGEST), nullable=False, index=True),
)

grams: Final = Table(
    "search_grams",
    metadata,
    Column("gram", _bytewise(3), primary_key=True),
    Column("word", BigInteger, ForeignKey(vocabulary.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)
