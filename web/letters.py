"""Dead letters of all that leaves the platform, for operators to look at and to have taken again."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from pydantic import Field
from starlette.responses import Response

from city.audit import Entry, Trail
from city.db import Database
from city.errors import Unknown
from city.outbox import letters, progress
from city.outbox.letters import Letter
from city.outbox.progress import Cursor
from contracts.errors import Refused
from runtime.clock import Clock
from web import access, paging
from web.contribution import Contribution
from web.records import Page, answers, asks, reply

READ: Final = "outbox.dead.read"
REPLAY: Final = "outbox.dead.replay"
MOST: Final = 2**53  # of a number in JSON that every client reads alike
_Id = Annotated[int, Field(ge=1, le=MOST)]
_Ids = Annotated[list[_Id], Body(max_length=1_000, description="Letters by their ids")]


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes events, how far he has come, and what he could not take."""

    name: str
    letters: int
    cursor: Cursor | None = None  # of handlers and deliverers; webhooks and notices have places of their own


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken again, or forgotten."""

    letters: int


LETTER: Final = Letter(
    id=7,
    consumer="webhook.0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    position=4_102,
    type="incident.opened",
    subject="TGI-2026-000123",
    event='{"specversion":"1.0","id":"0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11"}',
    attempts=8,
    error="422: unknown field priority",
    parked=1_795_478_400_000_000,
)
_CURSOR: Final = Cursor(consumer="tangi.alerts", position=4_211, changed=1_795_478_400_000_000)
_CONSUMER: Final = Consumer(name="tangi.alerts", letters=0, cursor=_CURSOR)


def contribution(db: Database, *, clock: Clock, trail: Trail) -> Contribution:
    """The routes; the roles are those of city.identity."""
    return Contribution(
        name="letters", routers=(_looking(db), _acting(db, clock, trail)), known={Unknown: 404}
    )


def place(cursor: str) -> int:
    """Id of a letter in a cursor. Raises Refused."""
    found = paging.place(cursor, tuple[int])[0] if cursor else 0
    return min(max(found, 0), MOST)


def _looking(db: Database) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/outbox", tags=["outbox"], dependencies=[access.needs(READ)])

    @routes.get(
        "/consumers",
        summary="Who takes events, and what he could not take",
        responses=answers(list[Consumer], [_CONSUMER]),
    )
    async def consumers() -> Response:
        def look() -> list[Consumer]:
            cursors = {cursor.consumer: cursor for cursor in progress.list_cursors(db)}
            with db.read() as tx:
                kept = letters.count(tx)
            return [
                Consumer(name=name, letters=kept.get(name, 0), cursor=cursors.get(name))
                for name in sorted(cursors.keys() | kept.keys())
            ]

        return reply(await to_thread.run_sync(look))

    @routes.get(
        "/letters",
        summary="What could not be taken, oldest first",
        responses=answers(Page[Letter], Page(items=[LETTER])),
    )
    async def page(
        consumer: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        after = place(cursor)

        def look() -> list[Letter]:
            with db.read() as tx:
                return letters.page(tx, consumer=consumer, after=after, limit=limit + 1)

        found = await to_thread.run_sync(look)
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get("/letters/{letter}", summary="One of them", responses=answers(Letter, LETTER))
    async def one(letter: Annotated[int, Path(ge=1, le=MOST, examples=[7])]) -> Response:
        def look() -> Letter:
            with db.read() as tx:
                return letters.get(tx, letter)

        return reply(await to_thread.run_sync(look))

    return routes


def _acting(db: Database, clock: Clock, trail: Trail) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/outbox/letters", tags=["outbox"], dependencies=[access.needs(REPLAY)])

    @routes.post(
        "/replay",
        summary="Have some taken again, or a consumer's from a position on",
        responses=answers(Again, Again(letters=1)),
        openapi_extra=asks({"ids": [7]}),
    )
    async def replay(
        caller: access.Caller,
        ids: _Ids = [],  # noqa: B006 - FastAPI copies it
        consumer: Annotated[str, Body(max_length=64, description="Instead of ids")] = "",
        since: Annotated[int, Body(ge=0, le=MOST, description="Position; 0: all")] = 0,
    ) -> Response:
        if bool(ids) == bool(consumer):
            raise Refused("ids", ids, "name letters, or a consumer")

        def ask() -> int:
            with db.begin() as tx:
                for name in [str(letter) for letter in ids] or [consumer]:
                    trail.note(tx, Entry(by=caller.id, action="replayed", kind="outbox.letter", record=name))
                return letters.ask(tx, now=clock.now(), ids=ids, consumer=consumer, since=since)

        return reply(Again(letters=await to_thread.run_sync(ask)))

    @routes.post(
        "/drop",
        summary="Forget some for good",
        responses=answers(Again, Again(letters=1)),
        openapi_extra=asks({"ids": [7]}),
    )
    async def drop(
        caller: access.Caller, ids: Annotated[list[_Id], Body(embed=True, min_length=1, max_length=1_000)]
    ) -> Response:
        def forget() -> int:
            with db.begin() as tx:
                for letter in ids:
                    trail.note(
                        tx, Entry(by=caller.id, action="dropped", kind="outbox.letter", record=str(letter))
                    )
                return letters.drop(tx, ids)

        return reply(Again(letters=await to_thread.run_sync(forget)))

    return routes
