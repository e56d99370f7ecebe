"""`/api/v1/units` and `/api/v1/grants`: the city's organisation, and who has which role where in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from city.identity import grants, units
from city.identity.caller import EVERYWHERE, Caller, Grant
from city.identity.model import Given, Unit, UnitKind
from city.identity.roles import Role
from city.identity.wiring import Identity
from contracts.errors import Refused
from web import access, etags, once
from web.admin.examples import GIVEN, ROLE, UNIT
from web.admin.fresh import Fresh
from web.records import Page, answers, asks, reply

_Unit = Annotated[str, Path(max_length=64, examples=[UNIT.id])]
_Name = Body(max_length=120)
_Code = Body(max_length=40, description="By which others know it: Kemendagri, NPSN, facility")
_Parent = Body(max_length=64, description="Id of the unit above; empty: none")
_RENAMED: Final = msgspec.structs.replace(UNIT, name="Dinas Perhubungan dan Parkir", revision=2)


def tree(identity: Identity) -> tuple[APIRouter, ...]:
    """Routes under `/api/v1/units`."""
    return _looking(identity), _changing(identity)


def _looking(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/units", tags=["units"], dependencies=[access.signed_in()])

    @routes.get("", summary="Units by name", responses=answers(Page[Unit], Page(items=[UNIT])))
    async def page(
        *, retired: Annotated[bool, Query(description="Also those that take nobody new")] = False
    ) -> Response:
        found = await to_thread.run_sync(lambda: identity.units.list(retired=retired))
        return reply(Page(items=list(found)))

    @routes.get("/{unit}", summary="One unit", responses=answers(Unit, UNIT, tagged=True))
    async def one(unit: _Unit) -> Response:
        return _tagged(await to_thread.run_sync(identity.units.get, unit))

    return routes


def _changing(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/units", tags=["units"], dependencies=[access.needs(units.MANAGE)])

    @routes.post(
        "",
        summary="Add a unit below another, or at the top",
        status_code=201,
        responses=answers(Unit, UNIT, status=201, tagged=True),
        openapi_extra=asks({"id": UNIT.id, "kind": UNIT.kind, "name": UNIT.name}),
    )
    async def add(
        caller: access.Caller,
        once_: once.Required,
        id_: Annotated[str, Body(alias="id", max_length=64, description="Small letters, digits and `-`")],
        kind: Annotated[UnitKind, Body()],
        name: Annotated[str, _Name],
        parent: Annotated[str, _Parent] = EVERYWHERE,
        code: Annotated[str, _Code] = "",
    ) -> Response:
        async def work() -> Response:
            call = identity.units.add
            made = await to_thread.run_sync(
                lambda: call(caller, id=id_, kind=kind, name=name, parent=parent, code=code)
            )
            return _tagged(made, status=201)

        return await once_.around(work)

    @routes.patch(
        "/{unit}",
        summary="Change what is given",
        responses=answers(Unit, _RENAMED, tagged=True),
        openapi_extra=asks({"name": _RENAMED.name}),
    )
    async def change(
        caller: access.Caller,
        unit: _Unit,
        seen: etags.Seen,
        name: Annotated[str | None, _Name] = None,
        code: Annotated[str | None, _Code] = None,
        parent: Annotated[str | None, _Parent] = None,
        *,
        retired: Annotated[bool | None, Body(description="Keeps its past, takes nobody new")] = None,
    ) -> Response:
        def work() -> Unit:
            revision = seen or identity.units.get(unit).revision
            return identity.units.change(
                caller, unit, revision, name=name, code=code, parent=parent, retired=retired
            )

        return _tagged(await to_thread.run_sync(work))

    return routes


def giving(identity: Identity, fresh: Fresh) -> APIRouter:
    """Routes `/api/v1/roles` and `/api/v1/grants`."""
    routes = APIRouter(prefix="/api/v1", tags=["roles"], dependencies=[access.needs(grants.MANAGE)])

    @routes.get(
        "/roles",
        summary="Roles there are, and what each may",
        responses=answers(Page[Role], Page(items=[ROLE])),
    )
    async def roles() -> Response:
        return reply(Page(items=list(identity.catalogue.list())))

    @routes.get(
        "/grants",
        summary="Roles of somebody, or those given for a unit",
        description="Name one of the two. Of somebody's roles those are told that the caller may take away.",
        responses=answers(Page[Given], Page(items=[GIVEN])),
    )
    async def page(
        caller: access.Caller,
        holder: Annotated[str, Query(max_length=64, description="Id of a person or app")] = "",
        unit: Annotated[str | None, Query(max_length=64, description="Id; empty: the whole city")] = None,
    ) -> Response:
        return reply(Page(items=await to_thread.run_sync(_found, identity, caller, holder, unit)))

    @routes.post(
        "/grants",
        summary="Give a role; the same again only moves its end",
        status_code=201,
        responses=answers(Given, GIVEN, status=201),
        openapi_extra=asks({"holder": PERSON_ID, "programme": ROLE.programme, "role": ROLE.name}),
    )
    async def give(
        caller: access.Caller,
        once_: once.Required,
        holder: Annotated[str, Body(max_length=64, description="Id of a person or app")],
        programme: Annotated[str, Body(max_length=40)],
        role: Annotated[str, Body(max_length=40)],
        unit: Annotated[str, Body(max_length=64, description="Id; empty: the whole city")] = EVERYWHERE,
        until: Annotated[int | None, Body(description="µs UTC; null: until it is taken away")] = None,
        why: Annotated[str, Body(max_length=500)] = "",
    ) -> Response:
        fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            grant = Grant(role=role, programme=programme, unit=unit)
            call = identity.grants.give
            made = await to_thread.run_sync(lambda: call(caller, holder, grant, until=until, why=why))
            return reply(made, status=201)

        return await once_.around(work)

    @routes.delete("/grants/{grant}", summary="Take a role away", status_code=204)
    async def take(
        caller: access.Caller,
        grant: Annotated[str, Path(max_length=64, examples=[GIVEN.id])],
        why: Annotated[str, Query(max_length=500)] = "",
    ) -> Response:
        await to_thread.run_sync(lambda: identity.grants.take(caller, grant, why=why))
        return Response(status_code=204)

    return routes


PERSON_ID: Final = GIVEN.holder


def _found(identity: Identity, caller: Caller, holder: str, unit: str | None) -> list[Given]:
    if bool(holder) is (unit is not None):
        raise Refused("holder", holder, "name either a holder or a unit")
    found: Sequence[Given] = (
        identity.grants.of(holder) if holder else identity.grants.within(unit or EVERYWHERE)
    )
    return [one for one in found if caller.may(grants.MANAGE, unit=one.unit)]


def _tagged(unit: Unit, *, status: int = 200) -> Response:
    return reply(unit, status=status, headers=etags.header(unit.revision))
