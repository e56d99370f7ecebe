"""Look for records: the engine says which fit, we say which fit best, and the caller says who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select

from city.db import Database
from city.search import asking, highlight
from city.search.engines import Engine
from city.search.expression import Expression, Group, Term
from city.search.index import Index
from city.search.model import Found, Hit, Place, Query, Sight
from city.search.rank import Candidate, rank
from city.search.tables import documents, facets
from city.search.words import normal

KIND: Final = "kind"  # the facet that every document has
LIMIT: Final = 100  # hits of one page, at most
_Conditions = list[ColumnElement[bool]]


class Finder:
    """Answers questions from the index."""

    def __init__(self, db: Database, index: Index) -> None:
        self._db = db
        self._engine: Engine = index.engine
        self._settings = index.settings

    def find(self, query: Query, *, sight: Sight, after: Place | None = None, limit: int = 20) -> Found:
        """The best answers that the caller may see, a page of them. No text of a query is an error.

        Without words: everything that is left by kinds and facets, newest first.
        """
        limit = min(max(limit, 1), LIMIT)
        said = asking.read(query.text)
        narrowed = [_visible(sight), *_narrowed(query)]
        with self._db.read() as tx:
            if not said and query.text.strip():
                return Found(hits=(), total=0, facets={}, next=None)
            groups = asking.groups(tx, said)
            wanted = Expression(groups=groups)
            total, where = self._fitting(tx, narrowed, wanted)
            if not total and len(groups) > 1:
                wanted = msgspec.structs.replace(wanted, loose=True)
                total, where = self._fitting(tx, narrowed, wanted)
            ranked = rank(groups, self._window(tx, where, wanted)) if total else []
            page = [
                (score, one)
                for score, one in ranked
                if after is None or one.place(score) > (-after[0], -after[1], *after[2:])
            ]
            hits = self._hits(tx, page[:limit], groups)
            counted = self._counted(tx, where) if total else {}
        last = page[limit - 1] if len(page) > limit else None
        return Found(
            hits=hits,
            total=total,
            facets=counted,
            next=None if last is None else (last[0], last[1].changed, last[1].kind, last[1].key),
            loose=wanted.loose and total > 0,
            read_as=_read_as(groups, [one for _, one in ranked]),
        )

    def _fitting(self, tx: Connection, narrowed: _Conditions, wanted: Expression) -> tuple[int, _Conditions]:
        """How many documents fit, and the conditions by which they do."""
        where = list(narrowed)
        if wanted.groups:
            where.append(documents.c.id.in_(self._engine.matching(wanted)))
        return tx.execute(select(func.count()).select_from(documents).where(*where)).scalar_one(), where

    def _window(self, tx: Connection, where: _Conditions, wanted: Expression) -> list[Candidate]:
        """Those that are ranked: with all words in the title first, then the newest."""
        order = [documents.c.changed.desc(), documents.c.kind, documents.c.key]
        if wanted.groups:
            title = self._engine.matching(msgspec.structs.replace(wanted, title=True))
            order.insert(0, case((documents.c.id.in_(title), 0), else_=1))
        first = select(documents.c.id).where(*where).order_by(*order).limit(self._settings.window)
        ids = list(tx.execute(first).scalars())
        index = self._engine.index
        stems = (
            select(documents.c.id, documents.c.kind, documents.c.key, documents.c.changed)
            .add_columns(index.c.title, index.c.body)
            .join_from(documents, index, index.c.document == documents.c.id)
            .where(documents.c.id.in_(ids))
        )
        return [
            Candidate(
                document=row.id,
                kind=row.kind,
                key=row.key,
                changed=row.changed,
                title=tuple(row.title.split()),
                body=tuple(row.body.split()),
            )
            for row in tx.execute(stems)
        ]

    def _hits(
        self, tx: Connection, page: Sequence[tuple[int, Candidate]], groups: Sequence[Group]
    ) -> tuple[Hit, ...]:
        query = select(documents).where(documents.c.id.in_([one.document for _, one in page]))
        rows = {row.id: row for row in tx.execute(query)}
        return tuple(
            Hit(
                kind=row.kind,
                id=row.key,
                path=row.path,
                title=highlight.title(row.title, groups),
                excerpt=highlight.excerpt(row.body, groups),
                unit=row.unit,
                public=row.public,
                changed=row.changed,
                score=score,
            )
            for score, row in ((score, rows[one.document]) for score, one in page)
        )

    def _counted(self, tx: Connection, where: _Conditions) -> dict[str, dict[str, int]]:
        """Of each facet the most frequent values, counted over all that fits."""
        count = func.count()
        kinds = select(documents.c.kind, count).where(*where).group_by(documents.c.kind)
        found: dict[str, dict[str, int]] = {
            KIND: dict(tx.execute(kinds.order_by(count.desc(), documents.c.kind)).all())
        }
        values = (
            select(facets.c.name, facets.c.value, count)
            .join_from(facets, documents, facets.c.document == documents.c.id)
            .where(*where)
            .group_by(facets.c.name, facets.c.value)
            .order_by(facets.c.name, count.desc(), facets.c.value)
        )
        for name, value, number in tx.execute(values):
            held = found.setdefault(name, {})
            if len(held) < self._settings.values:
                held[value] = number
        return found


def _visible(sight: Sight) -> ColumnElement[bool]:
    ways: _Conditions = [documents.c.public.is_(True)]
    for kind, units in sight.kinds.items():
        here = documents.c.kind == kind
        ways.append(here if units is None else and_(here, documents.c.unit.in_(units)))
    return or_(*ways)


def _narrowed(query: Query) -> _Conditions:
    where: _Conditions = []
    if query.kinds:
        where.append(documents.c.kind.in_([normal(kind) for kind in query.kinds]))
    for given, wanted in query.facets.items():
        name, values = normal(given), [normal(value) for value in wanted]
        if name == KIND:
            where.append(documents.c.kind.in_(values))
            continue
        held = select(facets.c.document).where(facets.c.name == name, facets.c.value.in_(values))
        where.append(documents.c.id.in_(held) if values else false())
    return where


def _read_as(groups: Sequence[Group], seen: Sequence[Candidate]) -> Mapping[str, str]:
    """Corrections that found something which the caller sees; none where the word itself did."""
    stems = {stem for one in seen for stem in (*one.title, *one.body)}
    told = {}
    for group in groups:
        first = group.ways[0]
        if not group.corrected or not isinstance(first, Term) or first.stem in stems:
            continue
        meant = next((word for stem, word in group.corrected if stem in stems), None)
        if meant is not None:
            told[group.said] = meant
    return told
