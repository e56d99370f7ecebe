"""Pages under `/perangkat`: all devices, and a new one."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import Refused
from contracts.judgements import Text
from devices.errors import Forbidden, Taken
from devices.pages import plans
from devices.registry import Filters, Registry, State
from devices.roles import MANAGE, READ
from web import access, forms, once, paging
from web.pages import render

ROOT: Final = "/perangkat"
_PAGE: Final = 50
_TAKEN: Final = Text(id="Id ini sudah dipakai", en="This id is taken")
_UNIT: Final = Text(id="Anda tidak mengelola unit ini", en="You do not manage this unit's devices")


def router(registry: Registry) -> APIRouter:
    """The pages."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)

    @routes.get("", dependencies=[access.needs(READ)])
    async def page(
        request: Request,
        caller: access.Caller,
        q: Annotated[str, Query(max_length=100)] = "",
        kind: Annotated[str, Query(max_length=16)] = "",
        state: Annotated[str, Query(max_length=16)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        filters = Filters(
            part=q.strip(),
            kind=next((one for one in plans.KINDS if one == kind), None),
            state=next((one for one in State if one == state), None),
        )
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await to_thread.run_sync(lambda: registry.page(caller, filters, after=after, limit=_PAGE + 1))
        asked = {name: said for name, said in (("q", q), ("kind", kind), ("state", state)) if said}
        return render(
            request,
            "devices/fleet.html",
            devices=found[:_PAGE],
            next=paging.cursor(found[_PAGE - 1].device) if len(found) > _PAGE else "",
            first=not cursor,
            filtered=bool(asked),
            address=f"?{urlencode(asked)}&" if asked else "?",
            form=forms.of(q=q, kind=kind, state=state),
            kinds=plans.KINDS,
            states=tuple(State),
            adds=caller.may(MANAGE),
        )

    @routes.get("/baru", dependencies=[access.needs(MANAGE)])
    async def ask(request: Request) -> Response:
        return _form(request, forms.of(kind=plans.KINDS[0]))

    @routes.post("/baru", dependencies=[access.needs(MANAGE)])
    async def add(request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed) -> Response:
        try:
            plan, contact, form = plans.read(typed, "")
        except Refused as error:  # an id that is none is refused by the plan itself
            return _form(request, plans.refused(typed, error), 422)
        if form.faults:
            return _form(request, form, 422)
        try:
            return await once_.within(
                lambda tx: RedirectResponse(
                    f"{ROOT}/{registry.add(tx, caller, plan, contact=contact).device}", status_code=303
                )
            )
        except Refused as error:
            return _form(request, plans.refused(form, error), 422)
        except Taken:
            return _form(request, form.but("device", _TAKEN), 422)
        except Forbidden:
            return _form(request, form.but("unit", _UNIT), 422)

    return routes


def _form(request: Request, form: forms.Form, status: int = 200) -> Response:
    return render(request, "devices/plan.html", status=status, form=form, kinds=plans.KINDS, device=None)
