"""Webhooks by the API: owners make subscriptions, watch over them, and have dead letters sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from city.identity.roles import OPERATOR, PLATFORM, Role
from city.outbox.letters import Letter
from city.webhooks.errors import TooMany, Unknown
from city.webhooks.model import Place, State, Subscription, Told
from city.webhooks.service import MANAGE, OWN, Webhooks
from city.webhooks.subjects import hook
from city.webhooks.vault import Vault
from contracts.judgements import Text
from web import access, etags, once, paging
from web.contribution import Contribution
from web.letters import LETTER, MOST, Again, place
from web.records import Page, answers, asks, reply

T = TypeVar("T")
SUBSCRIBER: Final = Role(
    name="subscriber",
    programme=PLATFORM,
    permissions=(OWN,),
    title=Text(id="Pelanggan peristiwa", en="Subscriber to events"),
    citywide=True,
)
ROLES: Final = (SUBSCRIBER, OPERATOR.plus(OWN, MANAGE))
_TIME: Final = 1_795_478_400_000_000
_MINE: Final = Subscription(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    owner="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11",
    owner_kind="app",
    title="Peta Cirebon",
    url="https://peta.example.org/imm",
    types=("alert.*", "incident.*"),
    parallel=4,
    state=State.ACTIVE,
    reason="",
    since=_TIME,
    created=_TIME,
    updated=_TIME,
    revision=1,
)
_PLACE: Final = Place(
    webhook=_MINE.id, position=4_211, delivered=1_207, status=204, succeeded=_TIME, changed=_TIME
)
_TOLD: Final = Told(subscription=_MINE, place=_PLACE, behind=0, letters=1)
_SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - an example
_Webhook = Annotated[str, Path(max_length=36, examples=[_MINE.id])]
_Url = Body(max_length=2_000, description="https, and no redirects")
_Types = Body(max_length=40, description="`alert.firing`, `incident.*`; none: all that one may hear of")
_Title = Body(max_length=120, description="What it is for")
_Parallel = Body(ge=1, le=16, description="Requests at once; 1: one order over all subjects")
_After = Body(ge=0, le=MOST, description="Position; 0: the oldest event that is kept")


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription and its secret, which is shown this once."""

    subscription: Subscription
    secret: str  # `whsec_…`: what signs; libraries of Standard Webhooks take it as it is


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was sent to one subscription."""

    event: str  # its id, and its `webhook-id`


def contribution(webhooks: Webhooks, db: Database, *, vault: Vault) -> Contribution:
    """The routes, and who may."""
    return Contribution(
        name="webhooks",
        routers=(_subscriptions(webhooks, db), _steps(webhooks, db)),
        roles=ROLES,
        subjects=(hook(vault),),
        known={Unknown: 404, TooMany: 409},
    )


def _subscriptions(webhooks: Webhooks, db: Database) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], dependencies=[access.needs(OWN)])

    @routes.get(
        "",
        summary="One's subscriptions, oldest first",
        responses=answers(Page[Told], Page(items=[_TOLD])),
    )
    async def page(
        caller: access.Caller,
        *,
        all_: Annotated[bool, Query(alias="all", description="Everybody's, for who may manage them")] = False,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await _read(db, lambda tx: webhooks.page(tx, caller, all_=all_, after=after, limit=limit + 1))
        following = paging.cursor(found[limit - 1].subscription.id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.post(
        "",
        summary="Be told of events at an address",
        status_code=201,
        responses=answers(Made, Made(subscription=_MINE, secret=_SECRET), status=201, tagged=True),
        openapi_extra=asks({"url": _MINE.url, "types": _MINE.types, "title": _MINE.title}),
    )
    async def add(
        caller: access.Caller,
        once_: once.Required,
        url: Annotated[str, _Url],
        types: Annotated[list[str], _Types] = [],  # noqa: B006 - FastAPI copies it
        title: Annotated[str, _Title] = "",
        parallel: Annotated[int | None, _Parallel] = None,
        after: Annotated[int | None, _After] = None,
    ) -> Response:
        def work(tx: Connection) -> Response:
            made = webhooks.add(tx, caller, url=url, types=types, title=title, parallel=parallel, after=after)
            return _made(*made, status=201)

        return await once_.within(work)

    @routes.get(
        "/{webhook}", summary="One, and how its receiver fares", responses=answers(Told, _TOLD, tagged=True)
    )
    async def one(caller: access.Caller, webhook: _Webhook) -> Response:
        found = await _read(db, lambda tx: webhooks.get(tx, caller, webhook))
        return reply(found, headers=etags.header(found.subscription.revision))

    @routes.patch(
        "/{webhook}",
        summary="Change what is given",
        responses=answers(Subscription, _MINE, tagged=True),
        openapi_extra=asks({"types": ["incident.*"]}),
    )
    async def change(
        caller: access.Caller,
        webhook: _Webhook,
        seen: etags.Seen,
        url: Annotated[str | None, _Url] = None,
        types: Annotated[list[str] | None, _Types] = None,
        title: Annotated[str | None, _Title] = None,
        parallel: Annotated[int | None, _Parallel] = None,
    ) -> Response:
        def work(tx: Connection) -> Subscription:
            return webhooks.change(
                tx, caller, webhook, seen=seen, url=url, types=types, title=title, parallel=parallel
            )

        return _tagged(await _write(db, work))

    @routes.delete("/{webhook}", summary="Be told no more", status_code=204)
    async def remove(caller: access.Caller, webhook: _Webhook, seen: etags.Seen) -> Response:
        await _write(db, lambda tx: webhooks.remove(tx, caller, webhook, seen=seen))
        return Response(status_code=204)

    return routes


def _steps(webhooks: Webhooks, db: Database) -> APIRouter:
    routes = APIRouter(
        prefix="/api/v1/webhooks/{webhook}", tags=["webhooks"], dependencies=[access.needs(OWN)]
    )
    now = answers(Subscription, _MINE, description="The subscription as it is now", tagged=True)

    @routes.post(
        "/pause",
        summary="Be told nothing for a while",
        responses=now,
        openapi_extra=asks({"reason": "Pindah"}),
    )
    async def pause(
        caller: access.Caller,
        webhook: _Webhook,
        reason: Annotated[str, Body(embed=True, max_length=300)] = "",
    ) -> Response:
        return _tagged(await _write(db, lambda tx: webhooks.pause(tx, caller, webhook, reason=reason)))

    @routes.post("/activate", summary="Go on where it stood", responses=now)
    async def activate(caller: access.Caller, webhook: _Webhook) -> Response:
        return _tagged(await _write(db, lambda tx: webhooks.activate(tx, caller, webhook)))

    @routes.post(
        "/rewind",
        summary="Be told again what came after a position",
        responses=now,
        openapi_extra=asks({"after": 4_000}),
    )
    async def rewind(
        caller: access.Caller,
        webhook: _Webhook,
        after: Annotated[int, Body(embed=True, ge=0, le=MOST, description="Position; 0: all that is kept")],
    ) -> Response:
        return _tagged(await _write(db, lambda tx: webhooks.rewind(tx, caller, webhook, after=after)))

    @routes.post(
        "/rotate",
        summary="Have a new secret; the old one signs too for a while",
        responses=answers(Made, Made(subscription=_MINE, secret=_SECRET), tagged=True),
        openapi_extra=asks({"overlap": 3_600}),
    )
    async def rotate(
        caller: access.Caller,
        once_: once.Required,
        webhook: _Webhook,
        overlap: Annotated[
            float | None,
            Body(embed=True, ge=0, le=2_592_000, description="Seconds; by setting where missing"),
        ] = None,
    ) -> Response:
        return await once_.within(lambda tx: _made(*webhooks.rotate(tx, caller, webhook, overlap=overlap)))

    @routes.post(
        "/test",
        summary="Have an event sent to this subscription alone",
        responses=answers(Sent, Sent(event=_MINE.id)),
    )
    async def test(caller: access.Caller, once_: once.Honoured, webhook: _Webhook) -> Response:
        return await once_.within(lambda tx: reply(Sent(event=webhooks.test(tx, caller, webhook))))

    @routes.get(
        "/letters",
        summary="Events that its receiver refused, oldest first",
        responses=answers(Page[Letter], Page(items=[LETTER])),
    )
    async def letters(
        caller: access.Caller,
        webhook: _Webhook,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        after = place(cursor)
        found = await _read(
            db, lambda tx: webhooks.letters(tx, caller, webhook, after=after, limit=limit + 1)
        )
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.post(
        "/replay",
        summary="Have them sent again, from a position on",
        responses=answers(Again, Again(letters=3)),
        openapi_extra=asks({"since": 4_102}),
    )
    async def replay(
        caller: access.Caller,
        webhook: _Webhook,
        since: Annotated[int, Body(embed=True, ge=0, le=MOST, description="Position; 0: all")] = 0,
    ) -> Response:
        return reply(
            Again(letters=await _write(db, lambda tx: webhooks.replay(tx, caller, webhook, since=since)))
        )

    return routes


async def _read(db: Database, work: Callable[[Connection], T]) -> T:
    def run() -> T:
        with db.read() as tx:
            return work(tx)

    return await to_thread.run_sync(run)


async def _write(db: Database, work: Callable[[Connection], T]) -> T:
    def run() -> T:
        with db.begin() as tx:
            return work(tx)

    return await to_thread.run_sync(run)


def _tagged(of: Subscription) -> Response:
    return reply(of, headers=etags.header(of.revision))


def _made(of: Subscription, secret: str, *, status: int = 200) -> Response:
    made = Made(subscription=of, secret=secret)
    return reply(made, status=status, headers=etags.header(of.revision))
