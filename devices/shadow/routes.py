"""The API of shadows: what devices should be like, what they are like, and what that was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from contracts.settables import KEYS, Key
from contracts.topics import Kind
from devices.control import asks as wanted
from devices.control import examples
from devices.roles import READ
from devices.shadow import Shadows, Told, Version
from devices.shadow.model import Change
from devices.shadow.roles import WRITE
from web import access, etags, paging
from web.records import Page, answers, asks, reply

T = TypeVar("T")
Device = Annotated[str, Path(max_length=64, examples=[examples.DEVICE])]
_Number = Annotated[int, Query(ge=0, le=2**31 - 1)]
_AS_IT_IS: Final = answers(Told, examples.SHADOW, tagged=True)


def router(db: Database, shadows: Shadows) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["shadow"])
    _reading(routes, shadows)
    _past(routes, shadows)
    _changing(routes, db, shadows)
    return routes


def _reading(routes: APIRouter, shadows: Shadows) -> None:
    read = [access.needs(READ)]

    @routes.get(
        "/shadows",
        summary="Shadows of devices, in order of their ids",
        responses=answers(Page[Told], Page(items=[examples.SHADOW])),
        dependencies=read,
    )
    async def page(
        caller: access.Caller,
        settled: Annotated[bool | None, Query(description="Whether the device is as it should be")] = None,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await to_thread.run_sync(
            lambda: shadows.page(caller, settled=settled, after=after, limit=limit + 1)
        )
        following = paging.cursor(found[limit - 1].device) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/shadows/keys/{kind}",
        summary="What can be set of a kind of device",
        responses=answers(list[Key], [KEYS[Kind.KIOSK]["volume"]]),
        dependencies=read,
    )
    async def keys(kind: Annotated[Kind, Path(examples=["kiosk"])]) -> Response:
        return reply(list(KEYS.get(kind, {}).values()))

    @routes.get(
        "/devices/{device}/shadow",
        summary="What a device should be like, what it is like, and what differs",
        responses=_AS_IT_IS,
        dependencies=read,
    )
    async def one(caller: access.Caller, device: Device) -> Response:
        return tagged(await to_thread.run_sync(shadows.get, caller, device))


def _past(routes: APIRouter, shadows: Shadows) -> None:
    read = [access.needs(READ)]

    @routes.get(
        "/devices/{device}/shadow/history",
        summary="What it should have been like, newest first",
        responses=answers(Page[Version], Page(items=[examples.VERSION])),
        dependencies=read,
    )
    async def history(
        caller: access.Caller,
        device: Device,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        (before,) = paging.place(cursor, tuple[int]) if cursor else (None,)
        found = await to_thread.run_sync(
            lambda: shadows.history(caller, device, before=before, limit=limit + 1)
        )
        following = paging.cursor(found[limit - 1].version) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/devices/{device}/shadow/diff",
        summary="What differs between two versions; 0 is nothing",
        responses=answers(list[Change], [examples.CHANGE]),
        dependencies=read,
    )
    async def diff(
        caller: access.Caller, device: Device, before: _Number = 0, after: _Number = 0
    ) -> Response:
        return reply(await to_thread.run_sync(shadows.diff, caller, device, before, after))


def _changing(routes: APIRouter, db: Database, shadows: Shadows) -> None:
    write = [access.needs(WRITE)]

    @routes.patch(
        "/devices/{device}/shadow",
        summary="Change what a device should be like",
        responses=_AS_IT_IS,
        openapi_extra=asks(examples.WISH),
        dependencies=write,
    )
    async def change(caller: access.Caller, device: Device, seen: etags.Seen, wish: wanted.Wish) -> Response:
        return tagged(
            await _written(
                db, lambda tx: shadows.change(tx, caller, device, wish.values, why=wish.why, seen=seen)
            )
        )

    @routes.post(
        "/devices/{device}/shadow/restore",
        summary="Desire again what a version said",
        responses=_AS_IT_IS,
        openapi_extra=asks({"version": 3, "why": "Terlalu pelan"}),
        dependencies=write,
    )
    async def restore(caller: access.Caller, device: Device, seen: etags.Seen, back: wanted.Back) -> Response:
        return tagged(
            await _written(
                db, lambda tx: shadows.restore(tx, caller, device, back.version, why=back.why, seen=seen)
            )
        )


async def _written(db: Database, work: Callable[[Connection], T]) -> T:
    def act() -> T:
        with db.begin() as tx:
            return work(tx)

    return await to_thread.run_sync(act)


def tagged(told: Told) -> Response:
    """The shadow with its version."""
    return reply(told, headers=etags.header(told.version))
