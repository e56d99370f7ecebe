"""One search over all that can be found: what is public for everybody, more for who may see more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.responses import Response

from city import search
from city.search import asking, finding
from city.search.sight import sight
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, paging
from web.contribution import Contribution
from web.records import answers, reply

_FACETS: Final = 20  # values by which one question is narrowed


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was found, best first; ask again with `cursor` set to `next` until that is null."""

    items: tuple[search.Hit, ...]
    total: int  # all that fit; only the best of them can be paged through
    facets: dict[str, dict[str, int]]  # name → value → how many
    kinds: dict[str, Text]  # what people call the kinds among the facets
    loose: bool  # nothing had all the words: these have some
    read_as: dict[str, str]  # a word that nobody uses → the nearest that was found
    next: str | None = None


_EXAMPLE: Final = Answer(
    items=(
        search.Hit(
            kind="area",
            id="32.74.05.1002",
            path="/api/v1/areas/32.74.05.1002",
            title=(search.Segment(text="Kelurahan · "), search.Segment(text="Sunyaragi", hit=True)),
            excerpt=(search.Segment(text="Kecamatan Kesambi\nKota Cirebon"),),
            unit="",
            public=True,
            changed=0,
            score=2_019_120,
        ),
    ),
    total=1,
    facets={"kind": {"area": 1}},
    kinds={"area": Text(id="Wilayah", en="Area")},
    loose=False,
    read_as={"sunyargi": "sunyaragi"},
)


def contribution(finder: search.Finder, kinds: Iterable[search.Kind]) -> Contribution:
    """The route. `kinds`: all that can be found."""
    return Contribution(name="search", routers=(_routes(finder, {kind.name: kind for kind in kinds}),))


def _routes(finder: search.Finder, kinds: dict[str, search.Kind]) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["search"], dependencies=[access.public()])

    @routes.get(
        "/search",
        summary="Records that answer a question, best first",
        description="Words in any form, the last may be unfinished; phrases in quotes. No words: the newest.",
        responses=answers(Answer, _EXAMPLE),
    )
    async def find(
        caller: access.Caller,
        q: Annotated[str, Query(max_length=asking.LONGEST, examples=["sunyargi"])] = "",
        kind: Annotated[list[str] | None, Query(max_length=_FACETS)] = None,
        facet: Annotated[
            list[str] | None, Query(max_length=_FACETS, description="`name:value`; of one name any will do")
        ] = None,
        cursor: Annotated[str, Query(max_length=400)] = "",
        limit: Annotated[int, Query(ge=1, le=finding.LIMIT)] = 20,
    ) -> Response:
        query = search.Query(text=q, kinds=tuple(kind or ()), facets=_facets(facet or ()))
        after = paging.place(cursor, tuple[int, int, str, str]) if cursor else None
        may = sight(caller, kinds.values())
        found = await to_thread.run_sync(lambda: finder.find(query, sight=may, after=after, limit=limit))
        counted = found.facets.get(finding.KIND, {})
        return reply(
            Answer(
                items=found.hits,
                total=found.total,
                facets={name: dict(values) for name, values in found.facets.items()},
                kinds={name: kinds[name].title for name in counted if name in kinds},
                loose=found.loose,
                read_as=dict(found.read_as),
                next=None if found.next is None else paging.cursor(*found.next),
            )
        )

    return routes


def _facets(given: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`name:value` texts → name → values. Raises Refused."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name:
            raise Refused("facet", text, "write name:value")
        found[name] = (*found.get(name, ()), value)
    return found
