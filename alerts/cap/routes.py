"""The API of CAP: a feed of what is live, each message as it was said, and the newest of an alert."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from alerts.cap import examples, feed
from alerts.cap.feed import Live
from alerts.cap.said import Said
from alerts.routes import READ
from contracts import cap
from runtime.clock import Clock
from web import access, paging
from web.records import text

_PAGE: Final = 200
_Id = Annotated[str, Path(max_length=64, description="`id` of the alert", examples=[examples.ALERT])]
_Message = Annotated[
    str, Path(max_length=64, description="`identifier` of the message", examples=[examples.IDENTIFIER])
]
_Held = Annotated[
    str, Header(max_length=200, alias="If-None-Match", description="`ETag` of the feed as you have it")
]


class _Atom(Response):
    media_type = feed.CONTENT_TYPE


class _Cap(Response):
    media_type = cap.CONTENT_TYPE


def router(said: Said, *, clock: Clock, address: str, author: str) -> APIRouter:
    """Routes `/api/v1/cap…` and `/api/v1/alerts/{alert}/cap`. `address`: of the platform."""
    routes = APIRouter(tags=["cap"], dependencies=[access.needs(READ)])
    place = address.rstrip("/")

    @routes.get(
        "/api/v1/cap",
        summary="What is live, as Atom with a link to each CAP message",
        response_class=_Atom,
        responses=text(feed.CONTENT_TYPE, examples.FEED),
    )
    async def live(
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = _PAGE,
        if_none_match: _Held = "",
    ) -> Response:
        before = paging.place(cursor, tuple[int, str]) if cursor else None
        return await to_thread.run_sync(_feed, before, limit, if_none_match)

    def _feed(before: tuple[int, str] | None, limit: int, held: str) -> Response:
        found = said.live(before=before, limit=limit + 1)
        shown, following = found[:limit], ""
        if len(found) > limit:
            last = shown[-1]
            following = f"{place}/api/v1/cap?limit={limit}&cursor={paging.cursor(last.sent, last.identifier)}"
        tag = f'"{hashlib.sha256(" ".join(one.identifier for one in found).encode()).hexdigest()[:32]}"'
        if held.strip() == tag:
            return Response(status_code=304, headers={"ETag": tag})
        body = feed.render(shown, address=place, author=author, now=clock.now(), following=following)
        return _Atom(body, headers={"ETag": tag})

    @routes.get(
        "/api/v1/cap/{message}",
        summary="One CAP message, as it was said",
        response_class=_Cap,
        responses=text(cap.CONTENT_TYPE, examples.MESSAGE),
    )
    async def message(message: _Message) -> Response:
        return _answer(await to_thread.run_sync(said.message, message))

    @routes.get(
        "/api/v1/alerts/{alert}/cap",
        summary="The newest CAP message of an alert",
        response_class=_Cap,
        responses=text(cap.CONTENT_TYPE, examples.MESSAGE),
    )
    async def newest(alert: _Id) -> Response:
        return _answer(await to_thread.run_sync(said.of, alert))

    return routes


def _answer(one: Live) -> Response:
    return _Cap(one.content)
