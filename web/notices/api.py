"""`/api/v1/notices`: one's inbox."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from city.notifications import Item
from web import access, paging
from web.language import choose
from web.notices.own import Own
from web.notices.roles import OWN
from web.records import Page, answers, asks, reply

_ITEM: Final = Item(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    topic="tangi.incidents",
    title="Tugas TGI-2026-000123",
    text="Anda ditugaskan ke TGI-2026-000123, sampai 24 Nov 2026 17.00 WIB.",
    path="/insiden/TGI-2026-000123",
    urgent=False,
    asked=1_795_000_000_000_000,
    read=None,
)
Id = Annotated[str, Path(max_length=64, examples=[_ITEM.id])]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits in an inbox."""

    unread: int


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """What was marked as read."""

    read: int  # how many were not before


def router(own: Own) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/notices", tags=["notices"], dependencies=[access.needs(OWN)])

    @routes.get(
        "",
        summary="One's notices, newest first, in the reader's language",
        responses=answers(Page[Item], Page(items=[_ITEM])),
    )
    async def page(
        request: Request,
        caller: access.Caller,
        *,
        unread: Annotated[bool, Query(description="Only those that were not read")] = False,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        (before,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        language = choose(request)
        found = await to_thread.run_sync(
            lambda: own.page(caller, language=language, before=before, limit=limit, unread=unread)
        )
        following = paging.cursor(found.items[-1].id) if found.more else None
        return reply(Page(items=found.items, next=following))

    @routes.get("/unread", summary="How many one has not read", responses=answers(Unread, Unread(unread=3)))
    async def unread(caller: access.Caller) -> Response:
        return reply(Unread(unread=await to_thread.run_sync(own.unread, caller)))

    @routes.post(
        "/read",
        summary="All up to and with one are read",
        responses=answers(Marked, Marked(read=3)),
        openapi_extra=asks({"upto": _ITEM.id}),
    )
    async def read_all(
        caller: access.Caller,
        upto: Annotated[str, Body(embed=True, max_length=64, description="`id` of the newest that was seen")],
    ) -> Response:
        return reply(Marked(read=await to_thread.run_sync(own.read_all, caller, upto)))

    @routes.post("/{notice}/read", summary="One is read", status_code=204)
    async def read(caller: access.Caller, notice: Id) -> Response:
        await to_thread.run_sync(own.read, caller, notice)
        return Response(status_code=204)

    return routes
