"""`/api/v1/dead-letters`: what was refused and kept, and taking it in again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from console.api import examples
from console.asking import Asker
from console.ports import Letter, Letters, Replay
from console.roles import LETTERS, REPLAY
from web import access, paging
from web.records import Page, answers, asks, reply


def router(letters: Letters, asker: Asker) -> APIRouter:
    """Routes of dead letters."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"])

    @routes.get(
        "",
        summary="Refused messages, oldest first",
        responses=answers(Page[Letter], Page(items=[examples.LETTER], next=None)),
        dependencies=[access.needs(LETTERS)],
    )
    async def page(
        *,
        replayed: Annotated[bool, Query(description="Also those that were taken in again")] = False,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await asker.ask(
            "the dead letters", lambda: letters.page(after=after, limit=limit + 1, replayed=replayed)
        )
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.post(
        "/replay",
        summary="Take letters in again",
        responses=answers(list[Replay], [examples.REPLAY]),
        openapi_extra=asks({"ids": [examples.LETTER.id], "dry": True}),
        dependencies=[access.needs(REPLAY)],
    )
    async def replay(
        ids: Annotated[list[str], Body(min_length=1, max_length=1_000)],
        *,
        dry: Annotated[bool, Body(description="Only say what would become of them")] = True,
    ) -> Response:
        return reply(await asker.ask("the dead letters", lambda: letters.replay(ids, dry=dry)))

    return routes
