"""The port to an engine's full-text index, and its two engines: FTS5 in SQLite, tsvector in PostgreSQL.

An engine says which documents match; how well they do is ours to say (rank.py), so it is the same on both.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

from sqlalchemy import Connection, FromClause, Select, column, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.sql.expression import bindparam, cast

from city.search.expression import Alternative, Expression, Phrase

_KINDS: Final = 4_950_140  # first half of the advisory locks on a kind; the other is made of its name
_GAP: Final = 2  # places between title and body, so that no phrase reaches from one into the other
_HOLD: Final = text("SELECT pg_advisory_xact_lock_shared(:space, :kind)")
_HOLD_ALONE: Final = text("SELECT pg_advisory_xact_lock(:space, :kind)")
_MAY_LEARN: Final = text("SELECT pg_try_advisory_xact_lock(4950132)")


class Engine(Protocol):
    """How stems are kept and looked up; all in the caller's transaction."""

    index: FromClause  # columns `document`, `title`, `body`: a document's id and its stems

    def put(self, tx: Connection, document: int, title: str, body: str) -> None:
        """Keep a document's stems in place of those it had."""
        ...

    def remove(self, tx: Connection, document: int) -> None:
        """Forget a document's stems."""
        ...

    def matching(self, expression: Expression) -> Select[Any]:
        """Ids of the documents that match."""
        ...

    def hold(self, tx: Connection, kind: str, *, alone: bool) -> None:
        """Keep rebuilds of a kind out until the transaction ends; `alone`: all who put of it."""
        ...

    def may_learn(self, tx: Connection) -> bool:
        """Whether this transaction, and no other until it ends, may add to the vocabulary; never waits."""
        ...

    def tidy(self, tx: Connection) -> None:
        """Take what was removed out of the index for good."""
        ...


def engine(*, lite: bool) -> Engine:
    """The engine of a city database."""
    return Lite() if lite else Full()


class Lite:
    """FTS5. SQLite lets one writer in, so there is nothing to hold."""

    _fts: Final = table("search_index", column("rowid"), column("title"), column("body"))
    index: FromClause = select(_fts.c.rowid.label("document"), _fts.c.title, _fts.c.body).subquery("stems")

    def put(self, tx: Connection, document: int, title: str, body: str) -> None:
        self.remove(tx, document)
        tx.execute(self._fts.insert(), {"rowid": document, "title": title, "body": body})

    def remove(self, tx: Connection, document: int) -> None:
        tx.execute(self._fts.delete().where(self._fts.c.rowid == document))

    def matching(self, expression: Expression) -> Select[Any]:
        wanted = _joined(expression, " AND ", " OR ", self._one)
        wanted = f"title : ({wanted})" if expression.title else wanted
        match = literal_column("search_index").op("MATCH")(bindparam(None, wanted))
        return select(self._fts.c.rowid).where(match)

    def hold(self, tx: Connection, kind: str, *, alone: bool) -> None:
        """Nothing to do."""

    def may_learn(self, tx: Connection) -> bool:  # noqa: ARG002 - the port's signature
        return True

    def tidy(self, tx: Connection) -> None:
        tx.execute(text("INSERT INTO search_index(search_index) VALUES ('optimize')"))

    @staticmethod
    def _one(way: Alternative) -> str:
        if isinstance(way, Phrase):
            return f'"{" ".join(way.stems)}"'
        return f'"{way.stem}"*' if way.prefix else f'"{way.stem}"'


class Full:
    """A tsvector made of our stems, so no dictionary of the server's changes them."""

    _table: Final = table(
        "search_index", column("document"), column("title"), column("body"), column("lexemes", TSVECTOR)
    )
    index: FromClause = _table

    def put(self, tx: Connection, document: int, title: str, body: str) -> None:
        self.remove(tx, document)
        row = {"document": document, "title": title, "body": body, "lexemes": _vector(title, body)}
        tx.execute(self._table.insert(), row)

    def remove(self, tx: Connection, document: int) -> None:
        tx.execute(self._table.delete().where(self._table.c.document == document))

    def matching(self, expression: Expression) -> Select[Any]:
        where = "A" if expression.title else ""

        def one(way: Alternative) -> str:
            if isinstance(way, Phrase):
                return "(" + " <-> ".join(_stem(stem, where) for stem in way.stems) + ")"
            return _stem(way.stem, ("*" if way.prefix else "") + where)

        wanted = cast(bindparam(None, _joined(expression, " & ", " | ", one)), TSQUERY)
        return select(self._table.c.document).where(self._table.c.lexemes.op("@@")(wanted))

    def hold(self, tx: Connection, kind: str, *, alone: bool) -> None:
        number = zlib.crc32(kind.encode()) & 0x7FFF_FFFF
        tx.execute(_HOLD_ALONE if alone else _HOLD, {"space": _KINDS, "kind": number})

    def may_learn(self, tx: Connection) -> bool:
        return bool(tx.execute(_MAY_LEARN).scalar())

    def tidy(self, tx: Connection) -> None:
        """Nothing to do: the server's vacuum does it."""


def _joined(expression: Expression, every: str, some: str, one: Any) -> str:
    """Groups as the engine writes them; stems are letters and digits, so nothing in them is syntax."""
    groups = ("(" + some.join(one(way) for way in group.ways) + ")" for group in expression.groups)
    return (some if expression.loose else every).join(groups)


def _stem(stem: str, marks: str) -> str:
    return f"'{stem}':{marks}" if marks else f"'{stem}'"


def _vector(title: str, body: str) -> str:
    """Stems with their places as PostgreSQL writes a tsvector; those of the title have weight A."""
    places: dict[str, list[str]] = {}
    for stem, place in _places(title, body):
        places.setdefault(stem, []).append(place)
    return " ".join(f"'{stem}':{','.join(found)}" for stem, found in places.items())


def _places(title: str, body: str) -> Iterator[tuple[str, str]]:
    heading = title.split()
    for place, stem in enumerate(heading, start=1):
        yield stem, f"{place}A"
    for place, stem in enumerate(body.split(), start=len(heading) + _GAP):
        yield stem, f"{place}"
