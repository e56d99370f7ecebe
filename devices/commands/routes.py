"""The API of commands: to one device, to many, and what became of them."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from contracts.commands import Type
from devices.commands import Desk, Filters, Record, State
from devices.commands.model import Told
from devices.commands.records import Bulk
from devices.commands.roles import ISSUE
from devices.commands.service import LONGEST, Preview
from devices.control import asks as wanted
from devices.control import examples
from devices.roles import READ
from web import access, etags, once, paging
from web.records import Page, answers, asks, reply

Device = Annotated[str, Path(max_length=64, examples=[examples.DEVICE])]
_Id = Annotated[str, Path(max_length=64, examples=[examples.COMMAND.id])]
_Bulk = Annotated[str, Path(max_length=64, examples=[examples.BULK.id])]
_Why = Annotated[str, Body(embed=True, min_length=1, max_length=LONGEST, description="Kept in the trail")]
_States = Annotated[list[State] | None, Query()]
_Cursor = Annotated[str, Query(max_length=200)]
_Limit = Annotated[int, Query(ge=1, le=1_000)]
_PAGE: Final = answers(Page[Record], Page(items=[examples.COMMAND]))


def router(db: Database, desk: Desk) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["commands"])
    _many(routes, db, desk)
    _reading(routes, desk)
    _one(routes, db, desk)
    return routes


def _reading(routes: APIRouter, desk: Desk) -> None:
    read = [access.needs(READ)]

    async def listed(caller: access.Who, filters: Filters, cursor: str, limit: int) -> Response:
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        found = await to_thread.run_sync(lambda: desk.page(caller, filters, after=after, limit=limit + 1))
        following = (
            paging.cursor(found[limit - 1].issued, found[limit - 1].id) if len(found) > limit else None
        )
        return reply(Page(items=found[:limit], next=following))

    @routes.get("/commands", summary="Commands, newest first", responses=_PAGE, dependencies=read)
    async def page(
        caller: access.Caller,
        state: _States = None,
        type_: Annotated[Type | None, Query(alias="type")] = None,
        device: Annotated[str, Query(max_length=64)] = "",
        bulk: Annotated[str, Query(max_length=64)] = "",
        cursor: _Cursor = "",
        limit: _Limit = 100,
    ) -> Response:
        filters = Filters(device=device, states=tuple(state or ()), type=type_, bulk=bulk)
        return await listed(caller, filters, cursor, limit)

    @routes.get(
        "/commands/{command}",
        summary="One command with its history",
        responses=answers(Told, examples.COMMAND_TOLD, tagged=True),
        dependencies=read,
    )
    async def one(caller: access.Caller, command: _Id) -> Response:
        found = await to_thread.run_sync(desk.get, caller, command)
        return reply(found, headers=etags.header(found.revision))

    @routes.get(
        "/devices/{device}/commands",
        summary="Commands to one device, newest first",
        responses=_PAGE,
        dependencies=read,
    )
    async def of_device(
        caller: access.Caller,
        device: Device,
        state: _States = None,
        cursor: _Cursor = "",
        limit: _Limit = 100,
    ) -> Response:
        return await listed(caller, Filters(device=device, states=tuple(state or ())), cursor, limit)


def _one(routes: APIRouter, db: Database, desk: Desk) -> None:
    @routes.post(
        "/devices/{device}/commands",
        summary="Have a device do something; each type needs its own permission besides",
        status_code=201,
        responses=answers(Record, examples.COMMAND, status=201, tagged=True),
        openapi_extra=asks(examples.ORDER),
        dependencies=[access.needs(ISSUE)],
    )
    async def issue(
        caller: access.Caller, device: Device, once_: once.Required, order: wanted.Order
    ) -> Response:
        what = order.what()

        def work(tx: Connection) -> Response:
            found = desk.issue(tx, caller, device, what, why=order.why, seconds=order.seconds)
            return reply(found, status=201, headers=etags.header(found.revision))

        return await once_.within(work)

    @routes.post(
        "/commands/{command}/withdraw",
        summary="Take back a command that has not left",
        responses=answers(Record, examples.WITHDRAWN, tagged=True),
        openapi_extra=asks({"why": "Teknisi sudah di tempat"}),
        dependencies=[access.needs(ISSUE)],
    )
    async def withdraw(caller: access.Caller, command: _Id, seen: etags.Seen, why: _Why) -> Response:
        def work() -> Record:
            with db.begin() as tx:
                return desk.withdraw(tx, caller, command, why=why, seen=seen)

        found = await to_thread.run_sync(work)
        return reply(found, headers=etags.header(found.revision))


def _many(routes: APIRouter, db: Database, desk: Desk) -> None:
    @routes.post(
        "/commands/bulks/{bulk}/withdraw",
        summary="Take back what has not left of a command to many; again changes nothing",
        responses=answers(Bulk, examples.BULK),
        openapi_extra=asks({"why": "Teknisi sudah di tempat"}),
        dependencies=[access.needs(ISSUE)],
    )
    async def withdraw_many(caller: access.Caller, bulk: _Bulk, why: _Why) -> Response:
        def work() -> Bulk:
            with db.begin() as tx:
                return desk.withdraw_many(tx, caller, bulk, why=why)

        return reply(await to_thread.run_sync(work))

    @routes.post(
        "/commands/preview",
        summary="Whom a command to many would reach",
        responses=answers(Preview, examples.REACHED),
        openapi_extra=asks({"type": "run-diagnostics", "whom": examples.WHOM}),
        dependencies=[access.needs(ISSUE)],
    )
    async def preview(caller: access.Caller, asked: wanted.Asked) -> Response:
        chosen = asked.whom.selector()
        return reply(await to_thread.run_sync(desk.preview, caller, chosen, asked.type))

    @routes.post(
        "/commands",
        summary="Have many devices do something, once",
        status_code=201,
        responses=answers(Bulk, examples.BULK, status=201),
        openapi_extra=asks(examples.ORDERS),
        dependencies=[access.needs(ISSUE)],
    )
    async def issue_many(caller: access.Caller, once_: once.Required, orders: wanted.Orders) -> Response:
        what, chosen = orders.what(), orders.whom.selector()

        def work(tx: Connection) -> Response:
            bulk = desk.issue_many(tx, caller, chosen, what, why=orders.why, seconds=orders.seconds)
            return reply(bulk, status=201)

        return await once_.within(work)

    @routes.get(
        "/commands/bulks/{bulk}",
        summary="How far a command to many is; its steps come as events `command.*`",
        responses=answers(Bulk, examples.BULK),
        dependencies=[access.needs(READ)],
    )
    async def progress(caller: access.Caller, bulk: _Bulk) -> Response:
        return reply(await to_thread.run_sync(desk.progress, caller, bulk))
