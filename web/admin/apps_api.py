"""`/api/v1/apps` and `/api/v1/keys`: programs that use the platform, and by what they come."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from city.identity.apps import MANAGE, App
from city.identity.caller import EVERYWHERE
from city.identity.keys import Key, Made
from city.identity.wiring import Identity
from web import access, etags, once
from web.admin.examples import APP, KEY, SECRET
from web.admin.fresh import Fresh
from web.records import Page, answers, asks, reply

_App = Annotated[str, Path(max_length=64, examples=[APP.id])]
_Key = Annotated[str, Path(max_length=64, examples=[KEY.id])]
_Name = Body(max_length=120)
_SUSPENDED: Final = msgspec.structs.replace(APP, state="suspended", revision=2)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An app with its keys, newest first, without their secrets."""

    app: App
    keys: list[Key]


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once."""

    key: Key
    secret: str  # `imk_…`: to send as `Authorization: Bearer`


_MADE: Final = Secret(key=KEY, secret=SECRET)


def routers(identity: Identity, fresh: Fresh) -> tuple[APIRouter, ...]:
    """Routes under `/api/v1/apps` and `/api/v1/keys`."""
    return _apps(identity), _keys(identity, fresh)


def _apps(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/apps", tags=["apps"], dependencies=[access.needs(MANAGE)])

    @routes.get("", summary="Apps by name", responses=answers(Page[App], Page(items=[APP])))
    async def page(caller: access.Caller) -> Response:
        return reply(Page(items=list(await to_thread.run_sync(identity.apps.list, caller))))

    @routes.post(
        "",
        summary="Add an app; what it may come with: roles and keys",
        status_code=201,
        responses=answers(App, APP, status=201, tagged=True),
        openapi_extra=asks({"name": APP.name}),
    )
    async def add(
        caller: access.Caller,
        once_: once.Required,
        name: Annotated[str, _Name],
        unit: Annotated[
            str, Body(max_length=64, description="That answers for it; empty: the city")
        ] = EVERYWHERE,
    ) -> Response:
        async def work() -> Response:
            made = await to_thread.run_sync(lambda: identity.apps.add(caller, name=name, unit=unit))
            return reply(made, status=201, headers=etags.header(made.revision))

        return await once_.around(work)

    @routes.get(
        "/{app}",
        summary="One app with its keys",
        responses=answers(Told, Told(app=APP, keys=[KEY]), tagged=True),
    )
    async def one(caller: access.Caller, app: _App) -> Response:
        found, keys = await to_thread.run_sync(identity.apps.get, caller, app)
        return reply(Told(app=found, keys=list(keys)), headers=etags.header(found.revision))

    @routes.patch(
        "/{app}",
        summary="Change what is given; a suspended app is refused at once",
        responses=answers(App, _SUSPENDED, tagged=True),
        openapi_extra=asks({"suspended": True}),
    )
    async def change(
        caller: access.Caller,
        app: _App,
        seen: etags.Seen,
        name: Annotated[str | None, _Name] = None,
        *,
        suspended: Annotated[bool | None, Body()] = None,
    ) -> Response:
        def work() -> App:
            revision = seen or identity.apps.get(caller, app)[0].revision
            return identity.apps.change(caller, app, revision, name=name, suspended=suspended)

        changed = await to_thread.run_sync(work)
        return reply(changed, headers=etags.header(changed.revision))

    return routes


def _keys(identity: Identity, fresh: Fresh) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["apps"], dependencies=[access.needs(MANAGE)])

    @routes.post(
        "/apps/{app}/keys",
        summary="Make a key; it is shown this once",
        status_code=201,
        responses=answers(Secret, _MADE, status=201),
        openapi_extra=asks({"label": KEY.label, "scopes": list(KEY.scopes)}),
    )
    async def make(
        caller: access.Caller,
        once_: once.Required,
        app: _App,
        label: Annotated[str, Body(max_length=80, description="To recognise it by")],
        scopes: Annotated[list[str], Body(max_length=200, description="Permissions to which it is cut down")],
        days: Annotated[int | None, Body(ge=1, le=3_650)] = None,
        per_minute: Annotated[int | None, Body(ge=1, le=10_000_000)] = None,
        per_day: Annotated[int | None, Body(ge=1, le=1_000_000_000)] = None,
    ) -> Response:
        fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            options = {"days": days, "per_minute": per_minute, "per_day": per_day}
            call = identity.apps.make_key
            made = await to_thread.run_sync(lambda: call(caller, app, label=label, scopes=scopes, **options))
            return _made(made)

        return await once_.around(work)

    @routes.post(
        "/keys/{key}/rotate",
        summary="Make a key in the place of another, which works beside it for a while",
        status_code=201,
        responses=answers(Secret, _MADE, status=201),
        openapi_extra=asks({"overlap": 86_400}),
    )
    async def rotate(
        caller: access.Caller,
        once_: once.Required,
        key: _Key,
        overlap: Annotated[float, Body(embed=True, ge=0, le=2_592_000, description="Seconds")],
    ) -> Response:
        fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            return _made(await to_thread.run_sync(lambda: identity.apps.rotate(caller, key, overlap=overlap)))

        return await once_.around(work)

    @routes.delete("/keys/{key}", summary="Let a key open nothing from now on", status_code=204)
    async def revoke(
        caller: access.Caller, key: _Key, why: Annotated[str, Query(max_length=500)] = ""
    ) -> Response:
        await to_thread.run_sync(lambda: identity.apps.revoke(caller, key, why=why))
        return Response(status_code=204)

    return routes


def _made(made: Made) -> Response:
    return reply(Secret(key=made.key, secret=made.secret), status=201)
