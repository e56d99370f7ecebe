"""TANGI's pages: the list of incidents, one incident, and the buttons that take it on."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final, Literal

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from city.errors import Outdated
from contracts.errors import Refused
from contracts.judgements import Text
from programmes.tangi.assigning import ASSIGN, Assigning
from programmes.tangi.model import LONGEST, WORKING, State, Step
from programmes.tangi.roles import READ, WORK
from programmes.tangi.service import Filters, Incidents
from web import access, back, forms, paging
from web.pages import render

ROOT: Final = "/insiden"
_PAGE: Final = 50
_OFFERED: Final = {Step.ACKNOWLEDGE, Step.RESOLVE, Step.CLOSE}  # steps that have a button in this version
_TO_BE_DONE: Final = (*WORKING, State.RESOLVED)  # what is resolved waits to be closed
_STATUS: Final = {Outdated: 412, Refused: 422}
_CHANGED: Final = Text(
    id="Insiden ini berubah sejak Anda membukanya. Periksa keadaannya, lalu kirim lagi.",
    en="This incident has changed since you opened it. Look at its state, then send again.",
)
_Number = Annotated[str, Path(max_length=24)]


def router(incidents: Incidents, assigning: Assigning) -> APIRouter:
    """Pages under `/insiden`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    read = [access.needs(READ)]

    @routes.get("", dependencies=read)
    async def page(
        request: Request,
        caller: access.Caller,
        cursor: Annotated[str, Query(max_length=200)] = "",
        all_: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 - a switch of the address
    ) -> Response:
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        filters = Filters(states=() if all_ else _TO_BE_DONE, units=caller.units(READ))
        items = await to_thread.run_sync(lambda: incidents.page(filters, after=after, limit=_PAGE + 1))
        following = paging.cursor(items[_PAGE - 1].opened, items[_PAGE - 1].id) if len(items) > _PAGE else ""
        return render(
            request, "tangi/list.html", incidents=items[:_PAGE], next=following, all=all_, first=not cursor
        )

    @routes.get("/{number}", dependencies=read)
    async def one(request: Request, number: _Number) -> Response:
        return await show(request, number)

    @routes.post("/{number}/{step}", dependencies=[access.needs(WORK)])
    async def act(
        request: Request,
        number: _Number,
        step: Step | Literal["assign"],
        caller: access.Caller,
        typed: forms.Typed,
    ) -> Response:
        try:
            read = forms.Reading(typed)
            seen = read.number("revision", least=1, most=2**31) if typed.value("revision") else None
            person, reason = typed.value("person"), typed.value("reason")
            take = (
                partial(incidents.step, number, step, by=caller, reason=reason, seen=seen)
                if isinstance(step, Step)
                else partial(assigning.assign, number, person, by=caller, seen=seen)
            )
            await to_thread.run_sync(take)
        except (Outdated, Refused) as error:
            if "hx-request" in request.headers:
                raise
            return await show(request, number, step, _with(typed, error), status=_STATUS[type(error)])
        if "hx-request" in request.headers:
            return Response(status_code=204, headers={"HX-Trigger": "imm:incident"})
        return RedirectResponse(back.local(typed.value("back")) or f"{ROOT}/{number}", status_code=303)

    async def show(
        request: Request,
        number: str,
        step: str = "",
        typed: forms.Form | None = None,
        status: int = 200,
    ) -> Response:
        caller = access.caller_of(request)
        told = await to_thread.run_sync(lambda: incidents.get(number, by=caller))
        may = caller.may(WORK, unit=told.unit)
        given = {one.value: forms.Form(id=one) for one in told.steps if may and one in _OFFERED}
        people: list[tuple[str, str]] = []
        if may and told.state in WORKING:
            given[ASSIGN] = forms.Form(id=ASSIGN, values={"person": (told.assignee,)})
            found = await to_thread.run_sync(assigning.candidates, told)
            people = [(one.id, one.name) for one in found]
        if step in given and typed is not None:
            given[step] = msgspec.structs.replace(typed, id=step)
        return render(
            request,
            "tangi/incident.html",
            status=status,
            incident=told,
            forms=given,
            people=people,
            faults=typed.faults if typed else {},
            longest=LONGEST,
        )

    return routes


def _with(typed: forms.Form, error: Outdated | Refused) -> forms.Form:
    return typed.but("", _CHANGED) if isinstance(error, Outdated) else typed.refused(error)
