"""TANGI's pages: the list of incidents, one incident, and the buttons that take it on."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from programmes.tangi.model import WORKING, State, Step
from programmes.tangi.roles import READ, WORK
from programmes.tangi.service import LONGEST, Filters, Incidents
from web import access, paging
from web.pages import render

ROOT: Final = "/insiden"
_PAGE: Final = 50
_OFFERED: Final = {Step.ACKNOWLEDGE, Step.RESOLVE, Step.CLOSE}  # steps that have a button in this version
_TO_BE_DONE: Final = (*WORKING, State.RESOLVED)  # what is resolved waits to be closed
_Number = Annotated[str, Path(max_length=24)]


def router(incidents: Incidents) -> APIRouter:
    """Pages under `/insiden`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    read = [access.needs(READ)]

    @routes.get("", dependencies=read)
    async def page(
        request: Request,
        cursor: Annotated[str, Query(max_length=200)] = "",
        all_: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 - a switch of the address
    ) -> Response:
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        filters = Filters() if all_ else Filters(states=_TO_BE_DONE)
        items = await to_thread.run_sync(lambda: incidents.page(filters, after=after, limit=_PAGE + 1))
        following = paging.cursor(items[_PAGE - 1].opened, items[_PAGE - 1].id) if len(items) > _PAGE else ""
        return render(
            request, "tangi/list.html", incidents=items[:_PAGE], next=following, all=all_, first=not cursor
        )

    @routes.get("/{number}", dependencies=read)
    async def one(request: Request, number: _Number) -> Response:
        told = await to_thread.run_sync(incidents.get, number)
        steps = [step for step in told.steps if step in _OFFERED]
        return render(request, "tangi/incident.html", incident=told, steps=steps, longest=LONGEST)

    @routes.post("/{number}/{step}", dependencies=[access.needs(WORK)])
    async def act(
        request: Request,
        number: _Number,
        step: Step,
        caller: access.Caller,
        reason: Annotated[str, Form(max_length=LONGEST)] = "",
        back: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        await to_thread.run_sync(lambda: incidents.step(number, step, by=caller.name, reason=reason))
        if "hx-request" in request.headers:
            return Response(status_code=204, headers={"HX-Trigger": "imm:incident"})
        return RedirectResponse(_local(back) or f"{ROOT}/{number}", status_code=303)

    return routes


def _local(path: str) -> str:
    """The path where it is one of ours: a redirect never leaves the site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else ""
