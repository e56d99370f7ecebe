"""Pages under `/perangkat/{device}/pemeliharaan`: windows of planned work, in local time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE
from devices import reasons
from devices.errors import NotNow
from devices.pages.device import Room
from devices.pages.fleet import ROOT
from devices.registry import Device, State
from devices.registry.maintenance import WORDS, Maintenance
from devices.registry.routes import written
from devices.roles import MAINTAIN, READ
from runtime.clock import Clock
from web import access, forms
from web.pages import render

_USUAL: Final = 2 * HOUR
_MICROS: Final = 2**62
_Id = Annotated[str, Path(max_length=64)]


def router(room: Room, maintenance: Maintenance, clock: Clock) -> APIRouter:
    """The page, and its two steps."""
    routes = APIRouter(prefix=f"{ROOT}/{{device}}/pemeliharaan", include_in_schema=False)
    desk = _Desk(room, clock)

    @routes.get("", dependencies=[access.needs(READ)])
    async def page(request: Request, device: _Id) -> Response:
        return await desk.show(request, device, _empty(clock.now()))

    @routes.post("", dependencies=[access.needs(MAINTAIN)])
    async def plan(request: Request, caller: access.Caller, device: _Id, typed: forms.Typed) -> Response:
        reading = forms.Reading(typed)
        start, end = reading.moment("start"), reading.moment("end")
        why = reading.text("why", most=WORDS)
        if reading.faults or start is None or end is None:
            return await desk.show(request, device, reading.form, 422)
        verb = partial(maintenance.plan, start=start, end=end, why=why)
        return await desk.done(request, device, reading.form, lambda tx: verb(tx, caller, device))

    @routes.post("/akhiri", dependencies=[access.needs(MAINTAIN)])
    async def end(request: Request, caller: access.Caller, device: _Id, typed: forms.Typed) -> Response:
        reading = forms.Reading(typed)
        start = reading.number("start", least=0, most=_MICROS)
        until = reading.number("end", least=0, most=_MICROS)
        form = _empty(clock.now())
        if reading.faults:
            return await desk.show(request, device, form, 422)
        verb = partial(maintenance.end, start=start, end=until)
        return await desk.done(request, device, form, lambda tx: verb(tx, caller, device))

    return routes


class _Desk:
    def __init__(self, room: Room, clock: Clock) -> None:
        self._room = room
        self._clock = clock

    async def show(self, request: Request, device: str, form: forms.Form, status: int = 200) -> Response:
        """The page with this in its form."""
        caller = access.caller_of(request)
        found, of_file = await to_thread.run_sync(self._room.find, caller, device)
        now, windows = self._clock.now(), found.maintenance
        may = caller.may(MAINTAIN, unit=found.unit)
        return render(
            request,
            "devices/upkeep.html",
            status=status,
            device=found,
            of_file=of_file,
            form=form,
            most=WORDS,
            running=[one for one in windows if one.start <= now < one.end],
            ahead=[one for one in windows if one.start > now],
            past=[one for one in reversed(windows) if one.end <= now],
            plans=may and not of_file and found.state is not State.RETIRED,
        )

    async def done(
        self, request: Request, device: str, form: forms.Form, work: Callable[[Connection], Device]
    ) -> Response:
        """Back to the page where the work was done, or what was wrong with it."""
        try:
            await written(self._room.db, work)
        except Refused as error:
            return await self.show(request, device, reasons.faulty(form, error), 422)
        except NotNow as error:
            return await self.show(request, device, form.but("", reasons.told(error.reason)), 409)
        return RedirectResponse(f"{ROOT}/{device}/pemeliharaan", status_code=303)


def _empty(now: int) -> forms.Form:
    """From now for two hours: what is wanted most."""
    start = now - now % MINUTE
    return forms.of(start=forms.local(start), end=forms.local(start + _USUAL), why="")
