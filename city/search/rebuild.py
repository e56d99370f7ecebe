"""Build the index anew from the packages' own records, while it is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import select

from city.db import Database
from city.search import vocabulary
from city.search.index import Index
from city.search.model import Kind, Source, parts
from city.search.tables import documents

_AT_ONCE: Final = 50  # documents in one transaction, so that no writer waits long
_WORDS: Final = 500  # words deleted in one


def rebuild(
    db: Database, index: Index, sources: Iterable[Source], *, say: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Put every record of these sources again and drop what has none; kind → records.

    Meanwhile everything stays findable. While a batch is read and written nobody else puts of its kind, so no
    older state of a record takes the place of a newer one. Raises Undeclared, Protected.
    """
    done: dict[str, int] = {}
    for source in sources:
        kind, count, after = source.kind.name, 0, ""
        with db.begin() as tx:
            index.engine.hold(tx, kind, alone=True)
            index.mark(tx, kind)
        while True:
            with db.begin() as tx:
                index.engine.hold(tx, kind, alone=True)
                batch = list(source.page(tx, after, _AT_ONCE))
                for document in batch:
                    index.keep(tx, source.kind, document, parts(source.kind, document))
            if not batch:
                break
            after = batch[-1].id
            count += len(batch)
            say(f"{kind}: {count:,}")
        _drop_marked(db, index, kind)
        done[kind] = count
    return done


def clean(db: Database, index: Index, kinds: Iterable[Kind]) -> int:
    """Drop documents of all other kinds, which nobody has any more, and words; how many documents.

    Words come back as records are put: run it before a rebuild of all sources, and `tidy` after it.
    """
    with db.read() as tx:
        strange = set(tx.execute(select(documents.c.kind).distinct()).scalars())
        newest = vocabulary.newest(tx)
    gone = 0
    for kind in sorted(strange - {kind.name for kind in kinds}):
        with db.begin() as tx:
            index.mark(tx, kind)
        gone += _drop_marked(db, index, kind)
    while True:
        with db.begin() as tx:
            if not vocabulary.forget(tx, newest, _WORDS):
                return gone


def tidy(db: Database, index: Index) -> None:
    """Take what was removed out of the engine's index for good."""
    with db.begin() as tx:
        index.engine.tidy(tx)


def _drop_marked(db: Database, index: Index, kind: str) -> int:
    gone = 0
    while True:
        with db.begin() as tx:
            index.engine.hold(tx, kind, alone=True)
            dropped = index.drop_marked(tx, kind, _AT_ONCE)
        gone += dropped
        if not dropped:
            return gone
