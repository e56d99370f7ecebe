"""The registry's API: what is planned and known of devices, and the steps of their life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from contracts.topics import Kind
from devices.enrolment.ending import Ending
from devices.registry.examples import CONTACT, DEVICE, WISH
from devices.registry.model import Contact, Device, State
from devices.registry.service import Filters, Registry
from devices.registry.wishes import New, Wish
from devices.roles import DISABLE, MANAGE, READ
from web import access, etags, once, paging
from web.records import Page, answers, asks, reply

T = TypeVar("T")
Id = Annotated[str, Path(max_length=64, examples=[DEVICE.device])]
_Why = Annotated[str, Body(embed=True, min_length=1, max_length=300, description="Kept in the audit trail")]
_Stolen = Annotated[bool, Body(description="Or cloned: its certificates are revoked, it needs a new claim")]
_AS_IT_IS: Final = answers(Device, DEVICE, description="The device as it is now", tagged=True)


def router(db: Database, registry: Registry, ending: Ending) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["devices"])
    _reading(routes, registry)
    _changing(routes, db, registry)
    _steps(routes, db, registry, ending)
    return routes


def _reading(routes: APIRouter, registry: Registry) -> None:
    read = [access.needs(READ)]

    @routes.get(
        "/registry",
        summary="What the registry knows of devices, in order of their ids",
        responses=answers(Page[Device], Page(items=[DEVICE])),
        dependencies=read,
    )
    async def registered(
        caller: access.Caller,
        site: Annotated[str, Query(max_length=64)] = "",
        kind: Kind | None = None,
        state: State | None = None,
        operator: Annotated[str, Query(max_length=60)] = "",
        q: Annotated[str, Query(max_length=100, description="Part of id or title")] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        filters = Filters(site=site, kind=kind, state=state, operator=operator, part=q)
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await to_thread.run_sync(lambda: registry.page(caller, filters, after=after, limit=limit + 1))
        following = paging.cursor(found[limit - 1].device) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/devices/{device}/record",
        summary="What the registry knows of one",
        responses=answers(Device, DEVICE, tagged=True),
        dependencies=read,
    )
    async def record(caller: access.Caller, device: Id) -> Response:
        return tagged(await to_thread.run_sync(registry.get, caller, device))

    @routes.get(
        "/devices/{device}/contact",
        summary="Who answers for it; the look is noted",
        responses=answers(Contact, CONTACT),
        dependencies=[access.needs(MANAGE)],
    )
    async def contact(caller: access.Caller, device: Id) -> Response:
        return reply(await to_thread.run_sync(registry.contact, caller, device))


def _changing(routes: APIRouter, db: Database, registry: Registry) -> None:
    manage = [access.needs(MANAGE)]

    @routes.post(
        "/devices",
        summary="Plan a device",
        status_code=201,
        responses=answers(Device, DEVICE, status=201, tagged=True),
        openapi_extra=asks({"device": DEVICE.device, **WISH}),
        dependencies=manage,
    )
    async def add(caller: access.Caller, once_: once.Required, wish: New) -> Response:
        def work(tx: Connection) -> Response:
            return tagged(registry.add(tx, caller, wish.plan(wish.device), contact=wish.person()), status=201)

        return await once_.within(work)

    @routes.put(
        "/devices/{device}/record",
        summary="Put what people decide of it in place of what they did",
        responses=_AS_IT_IS,
        openapi_extra=asks(WISH),
        dependencies=manage,
    )
    async def change(caller: access.Caller, device: Id, seen: etags.Seen, wish: Wish) -> Response:
        plan, person = wish.plan(device), wish.person()
        return tagged(
            await written(db, lambda tx: registry.change(tx, caller, plan, seen=seen, contact=person))
        )


def _steps(routes: APIRouter, db: Database, registry: Registry, ending: Ending) -> None:
    @routes.post(
        "/devices/{device}/disable",
        summary="Shut it out until it is enabled",
        responses=_AS_IT_IS,
        openapi_extra=asks({"why": "Dicuri dari halte", "stolen": True}),
        dependencies=[access.needs(DISABLE)],
    )
    async def disable(
        caller: access.Caller,
        device: Id,
        seen: etags.Seen,
        why: _Why,
        *,
        stolen: _Stolen = False,
    ) -> Response:
        return tagged(
            await written(
                db, lambda tx: ending.disable(tx, caller, device, why=why, stolen=stolen, seen=seen)
            )
        )

    @routes.post(
        "/devices/{device}/enable",
        summary="Let it in again",
        responses=_AS_IT_IS,
        openapi_extra=asks({"why": "Ditemukan kembali"}),
        dependencies=[access.needs(DISABLE)],
    )
    async def enable(caller: access.Caller, device: Id, seen: etags.Seen, why: _Why) -> Response:
        return tagged(await written(db, lambda tx: registry.enable(tx, caller, device, why=why, seen=seen)))

    @routes.post(
        "/devices/{device}/retire",
        summary="End its life: nothing of it is good any more, its id is never given again",
        responses=_AS_IT_IS,
        openapi_extra=asks({"why": "Rusak, diganti kiosk-12"}),
        dependencies=[access.needs(MANAGE)],
    )
    async def retire(caller: access.Caller, device: Id, seen: etags.Seen, why: _Why) -> Response:
        return tagged(await written(db, lambda tx: ending.retire(tx, caller, device, why=why, seen=seen)))


async def written(db: Database, work: Callable[[Connection], T]) -> T:
    """What the work gives, done in one transaction."""

    def act() -> T:
        with db.begin() as tx:
            return work(tx)

    return await to_thread.run_sync(act)


def tagged(device: Device, *, status: int = 200) -> Response:
    """The device with its revision."""
    return reply(device, status=status, headers=etags.header(device.revision))
