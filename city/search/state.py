"""How the search stands: for `imm doctor` and `imm search state`."""

from __future__ import annotations

import sqlite3

import msgspec
from sqlalchemy import func, select

from city.db import Database
from city.search import vocabulary
from city.search.tables import documents


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the index."""

    engine: str  # `FTS5 of SQLite 3.40.1`, `PostgreSQL's tsvector`
    documents: dict[str, int]  # kind → documents
    words: int  # that can be corrected and completed
    behind: int  # documents whose words are still to be learned: the next one that is put takes them along


def state(db: Database) -> State:
    """Look at the index. Trigrams are ours on both engines, so no extension of the server's is needed."""
    with db.read() as tx:
        kinds = select(documents.c.kind, func.count()).group_by(documents.c.kind).order_by(documents.c.kind)
        behind = select(func.count()).where(documents.c.learned.is_(False))
        return State(
            engine=f"FTS5 of SQLite {sqlite3.sqlite_version}" if db.lite else "PostgreSQL's tsvector",
            documents=dict(tx.execute(kinds).all()),
            words=vocabulary.size(tx),
            behind=tx.execute(behind).scalar_one(),
        )


def capable() -> bool:
    """Whether this machine's SQLite has FTS5."""
    with sqlite3.connect(":memory:") as memory:
        found = memory.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()
    return bool(found and found[0])
