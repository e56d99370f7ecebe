"""Look for records: the engine says which fit, we say which fit best, and the caller says who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, false, func, literal, or_, select

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
            total, ids = self._window(tx, narrowed, wanted)
            if not total and len(groups) > 1:
                wanted = msgspec.structs.replace(wanted, loose=True)
                total, ids = self._window(tx, narrowed, wanted)
            ranked = rank(groups, self._candidates(tx, ids))
            page = [
                (score, one)
                for score, one in ranked
                if after is None or one.place(score) > (-after[0], -after[1], *after[2:])
            ]
            hits = self._hits(tx, page[:limit], groups)
            counted = self._counted(tx, narrowed, wanted) if total else {}
        last = page[limit - 1] if len(page) > limit else None
        return Found(
            hits=hits,
            total=total,
            facets=counted,
            next=None if last is None else (last[0], last[1].changed, last[1].kind, last[1].key),
            loose=wanted.loose and total > 0,
            read_as=_read_as(groups, [one for _, one in ranked]),
        )

    def _fitting(self, narrowed: _Conditions, wanted: Expression) -> _Conditions:
        """By which conditions a document fits."""
        if not wanted.groups:
            return narrowed
        return [*narrowed, documents.c.id.in_(self._engine.matching(wanted))]

    def _window(self, tx: Connection, narrowed: _Conditions, wanted: Expression) -> tuple[int, list[int]]:
        """How many fit, and those that are ranked: with all words in the title first, then the newest."""
        order = [documents.c.changed.desc(), documents.c.kind, documents.c.key]
        if wanted.groups:
            title = self._engine.matching(msgspec.structs.replace(wanted, title=True))
            order.insert(0, case((documents.c.id.in_(title), 0), else_=1))
        query = select(documents.c.id, func.count().over().label("total"))
        query = query.where(*self._fitting(narrowed, wanted)).order_by(*order).limit(self._settings.window)
        rows = tx.execute(query).all()
        return (rows[0].total, [row.id for row in rows]) if rows else (0, [])

    def _candidates(self, tx: Connection, ids: Sequence[int]) -> list[Candidate]:
        index = self._engine.index
        query = (
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
            for row in tx.execute(query)
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

    def _counted(
        self, tx: Connection, narrowed: _Conditions, wanted: Expression
    ) -> dict[str, dict[str, int]]:
        """Of each facet the most frequent values, counted over all that fits."""
        fitting = select(documents.c.id, documents.c.kind).where(*self._fitting(narrowed, wanted))
        fit = fitting.cte("fit").prefix_with("MATERIALIZED")
        number = func.count().label("number")
        kinds = select(literal(KIND).label("name"), fit.c.kind.label("value"), number).group_by(fit.c.kind)
        values = select(facets.c.name, facets.c.value, number).join_from(
            facets, fit, facets.c.document == fit.c.id
        )
        values = values.group_by(facets.c.name, facets.c.value)
        found: dict[str, dict[str, int]] = {}
        rows = [(-row.number, row.value, row.name) for row in tx.execute(kinds.union_all(values))]
        for less, value, name in sorted(rows):
            held = found.setdefault(name, {})
            if len(held) < self._settings.values:
                held[value] = -less
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
    told = {}
    for group in groups:
        first = group.ways[0]
        if not group.corrected or not isinstance(first, Term) or _used(first.stem, seen):
            continue
        meant = next((word for stem, word in group.corrected if _used(stem, seen)), None)
        if meant is not None:
            told[group.said] = meant
    return told


def _used(stem: str, seen: Sequence[Candidate]) -> bool:
    return any(stem in one.title or stem in one.body for one in seen)
