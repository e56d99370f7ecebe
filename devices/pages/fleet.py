"""Pages under `/perangkat`: all devices, and a new one."""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from city.db import Database
from contracts.errors import Refused
from contracts.judgements import Text
from devices.errors import Forbidden, Taken
from devices.pages import plans, strays
from devices.pages.asked import Asked, Filter
from devices.pages.board import Board, Place
from devices.registry import Registry
from devices.roles import MANAGE, READ
from runtime.clock import Clock
from web import access, forms, once, paging
from web.pages import render

ROOT: Final = "/perangkat"
_PAGE: Final = 50
_TAKEN: Final = Text(id="Id ini sudah dipakai", en="This id is taken")
_UNIT: Final = Text(id="Anda tidak mengelola unit ini", en="You do not manage this unit's devices")


class Desk:
    """What the list stands on."""

    def __init__(self, db: Database, board: Board, clock: Clock) -> None:
        self._db = db
        self._board = board
        self._clock = clock

    def told(self, caller: access.Who, asked: Filter, after: Place | None) -> dict[str, Any]:
        """All that the list shows. Blocks."""
        view = self._board.view(caller, asked.wanted, after=after, limit=_PAGE)
        with self._db.read() as tx:
            odd = strays.recent(tx, caller, self._clock.now())
        return {
            "view": view,
            "next": paging.cursor(*view.next) if view.next else "",
            "strays": odd,
            "unwatched": self._board.unwatched(),
        }


def router(registry: Registry, desk: Desk) -> APIRouter:
    """The pages."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)

    @routes.get("", dependencies=[access.needs(READ)])
    async def page(
        request: Request,
        caller: access.Caller,
        asked: Asked,
        cursor: Annotated[str, Query(max_length=300)] = "",
    ) -> Response:
        after = paging.place(cursor, tuple[int, int, str, str]) if cursor else None
        return render(
            request,
            "devices/fleet.html",
            asked=asked,
            here=f"{ROOT}?{request.url.query}" if request.url.query else ROOT,
            first=not cursor,
            kinds=plans.KINDS,
            adds=caller.may(MANAGE),
            **await to_thread.run_sync(desk.told, caller, asked, after),
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
