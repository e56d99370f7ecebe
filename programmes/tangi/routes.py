"""TANGI's API: incidents, their steps, and the time that probes take."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from programmes.tangi import examples
from programmes.tangi.assigning import Assigning
from programmes.tangi.model import LONGEST, Incident, Priority, State, Step, Told
from programmes.tangi.probes import Probes, Times
from programmes.tangi.roles import PROBES, READ, WORK
from programmes.tangi.service import Filters, Incidents
from web import access, etags, paging
from web.records import Page, answers, asks, reply

_Number = Annotated[str, Path(max_length=24, examples=["TGI-2026-000123"])]
_Note = Annotated[str, Body(embed=True, max_length=LONGEST)]
_Person = Annotated[str, Body(embed=True, min_length=1, max_length=36, description="Id of the person")]
_Reason = Annotated[str, Body(embed=True, min_length=1, max_length=LONGEST, description="How it ended")]
_DESCRIBED: Final = answers(Incident, examples.INCIDENT, description="The incident as it is now", tagged=True)
_PAGE: Final = answers(Page[Incident], Page(items=[examples.INCIDENT], next=None))


def router(incidents: Incidents, assigning: Assigning, probes: Probes) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["incidents"])
    _looking(routes, incidents, probes)
    _acting(routes, incidents, assigning)
    return routes


def _looking(routes: APIRouter, incidents: Incidents, probes: Probes) -> None:
    read = [access.needs(READ)]

    @routes.get("/incidents", summary="Incidents, newest first", responses=_PAGE, dependencies=read)
    async def page(
        caller: access.Caller,
        state: Annotated[list[State] | None, Query()] = None,
        priority: Annotated[list[Priority] | None, Query()] = None,
        site: Annotated[str, Query(max_length=64)] = "",
        device: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        filters = Filters(
            states=tuple(state or ()),
            priorities=tuple(priority or ()),
            site=site,
            device=device,
            units=caller.units(READ),
        )
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        items = await to_thread.run_sync(lambda: incidents.page(filters, after=after, limit=limit + 1))
        following = (
            paging.cursor(items[limit - 1].opened, items[limit - 1].id) if len(items) > limit else None
        )
        return reply(Page(items=items[:limit], next=following))

    @routes.get(
        "/incidents/{number}",
        summary="One incident with its timeline",
        responses=answers(Told, examples.TOLD, tagged=True),
        dependencies=read,
    )
    async def one(number: _Number, caller: access.Caller) -> Response:
        return _tagged(await to_thread.run_sync(lambda: incidents.get(number, by=caller)))

    @routes.get(
        "/probes",
        summary="From device to desk, over the last hour",
        responses=answers(Times, examples.TIMES),
        dependencies=[access.needs(PROBES)],
    )
    async def times() -> Response:
        return reply(await to_thread.run_sync(probes.last_hour))


def _acting(routes: APIRouter, incidents: Incidents, assigning: Assigning) -> None:
    work = [access.needs(WORK)]

    async def step(number: str, step: Step, by: access.Who, reason: str, seen: int | None) -> Response:
        def take() -> Incident:
            return incidents.step(number, step, by=by, reason=reason, seen=seen)

        return _tagged(await to_thread.run_sync(take))

    @routes.post(
        "/incidents/{number}/assign",
        summary="Give it to somebody, who is told",
        responses=_DESCRIBED,
        openapi_extra=asks({"person": examples.INCIDENT.assignee, "note": "Paling dekat dengan lokasi"}),
        dependencies=work,
    )
    async def assign(
        number: _Number, caller: access.Caller, seen: etags.Seen, person: _Person, note: _Note = ""
    ) -> Response:
        def give() -> Incident:
            return assigning.assign(number, person, by=caller, note=note, seen=seen)

        return _tagged(await to_thread.run_sync(give))

    @routes.post(
        "/incidents/{number}/acknowledge",
        summary="Have it in hand",
        responses=_DESCRIBED,
        openapi_extra=asks({"note": "Tim sudah menuju lokasi"}),
        dependencies=work,
    )
    async def acknowledge(
        number: _Number, caller: access.Caller, seen: etags.Seen, note: _Note = ""
    ) -> Response:
        return await step(number, Step.ACKNOWLEDGE, caller, note, seen)

    @routes.post(
        "/incidents/{number}/resolve",
        summary="Say that it is over, and how",
        responses=_DESCRIBED,
        openapi_extra=asks({"reason": "Kerumunan dialihkan ke gerbang barat"}),
        dependencies=work,
    )
    async def resolve(number: _Number, caller: access.Caller, seen: etags.Seen, reason: _Reason) -> Response:
        return await step(number, Step.RESOLVE, caller, reason, seen)

    @routes.post(
        "/incidents/{number}/close",
        summary="Close what is resolved",
        responses=_DESCRIBED,
        openapi_extra=asks({"note": "Laporan lengkap"}),
        dependencies=work,
    )
    async def close(number: _Number, caller: access.Caller, seen: etags.Seen, note: _Note = "") -> Response:
        return await step(number, Step.CLOSE, caller, note, seen)


def _tagged(incident: Incident) -> Response:
    return reply(incident, headers=etags.header(incident.revision))
