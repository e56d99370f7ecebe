"""What can be found: put and removed in the transaction of the change, looked for by whoever may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from city.search import vocabulary
from city.search.engines import Engine
from city.search.model import BODY, STEMS, TITLE, Document, Kind, Parts, parts
from city.search.screen import screen
from city.search.settings import Settings
from city.search.tables import documents, facets
from city.search.words import normal, split, stems

_PATH: Final = 500  # characters of an address within the site


class Index:
    """Takes documents in. Every method works in the caller's transaction."""

    def __init__(self, engine: Engine, settings: Settings | None = None) -> None:
        self.engine = engine
        self.settings = settings or Settings()

    def put(self, tx: Connection, kind: Kind, document: Document) -> None:
        """Make a record findable as it is now. Raises Undeclared, Protected."""
        said = parts(kind, document)
        self.engine.hold(tx, kind.name, alone=False)
        self.keep(tx, kind, document, said)

    def remove(self, tx: Connection, kind: Kind, record: str) -> None:
        """Make a record unfindable; nothing happens where it was not findable."""
        self.engine.hold(tx, kind.name, alone=False)
        gone = (documents.c.kind == kind.name) & (documents.c.key == record)
        self.drop(tx, tx.execute(select(documents.c.id).where(gone).with_for_update()).scalars())

    def keep(self, tx: Connection, kind: Kind, document: Document, said: Parts) -> None:
        """Write one document; the kind is held already."""
        title = screen(normal(said.title), public=document.public)[:TITLE]
        body = screen(normal(said.body[:BODY]), public=document.public)
        learning = self.engine.may_learn(tx)
        values = {
            "path": document.path[:_PATH],
            "title": title,
            "body": body,
            "unit": document.unit,
            "public": document.public,
            "changed": document.changed,
            "learned": learning,
            "stale": False,
        }
        build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        statement = build(documents).values(kind=kind.name, key=document.id, **values)
        statement = statement.on_conflict_do_update(index_elements=["kind", "key"], set_=values)
        row = tx.execute(statement.returning(documents.c.id)).scalar_one()
        tx.execute(delete(facets).where(facets.c.document == row))
        rows = [
            {"document": row, "name": name, "value": value}
            for name, held in said.facets.items()
            for value in dict.fromkeys(screen(normal(one), public=document.public) for one in held)
        ]
        if rows:
            tx.execute(insert(facets), rows)
        heading, text = split(title, STEMS), split(body, STEMS)
        self.engine.put(tx, row, stems(heading), stems(text))
        if learning:
            vocabulary.learn(tx, {*heading, *text}, most=self.settings.words)
            vocabulary.catch_up(tx, most=self.settings.words)

    def drop(self, tx: Connection, rows: Iterable[int]) -> int:
        """Delete these documents; how many. Their kind is held already."""
        count = 0
        for row in list(rows):
            self.engine.remove(tx, row)
            tx.execute(delete(facets).where(facets.c.document == row))
            tx.execute(delete(documents).where(documents.c.id == row))
            count += 1
        return count

    def mark(self, tx: Connection, kind: str) -> None:
        """Mark all documents of a kind as not seen yet; putting one takes the mark away."""
        tx.execute(update(documents).where(documents.c.kind == kind).values(stale=True))

    def drop_marked(self, tx: Connection, kind: str, limit: int) -> int:
        """Delete documents of a kind that still bear the mark; how many."""
        gone = (documents.c.kind == kind) & documents.c.stale.is_(True)
        return self.drop(tx, tx.execute(select(documents.c.id).where(gone).limit(limit)).scalars())
