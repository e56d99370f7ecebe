"""Roles of a person or an app: the form by which one is given, and what gives and takes them."""

from __future__ import annotations

from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from city.identity import grants
from city.identity.caller import EVERYWHERE, Grant
from city.identity.wiring import Identity
from contracts.judgements import Text
from web import access, forms
from web.admin import words
from web.admin.fresh import Fresh
from web.admin.room import WHY, Id, Room, attempt

_CHOOSE: Final = Text(id="Pilih salah satu peran", en="Choose one of the roles")


def give_form() -> forms.Form:
    """The empty form."""
    return forms.Form(id="give", values=forms.of(role="", unit="", until="", why="").values)


def giving(identity: Identity, room: Room, fresh: Fresh) -> APIRouter:
    """Giving roles and taking them away."""
    routes = APIRouter(prefix=room.root, include_in_schema=False, dependencies=[access.needs(grants.MANAGE)])

    @routes.post("/{holder}/peran")
    async def give(request: Request, caller: access.Caller, holder: Id, typed: forms.Typed) -> Response:
        fresh(caller)
        read = forms.Reading(forms.Form(id="give", values={**give_form().values, **typed.values}))
        programme, _, role = typed.value("role").rpartition("/")
        why, last = read.text("why", most=WHY, least=0), read.day("until", needed=False)
        if not role:
            read.wrong("role", _CHOOSE)
        until = words.midnight(last, days=1) if last else None  # the last day counts
        grant = Grant(role=role, programme=programme, unit=typed.value("unit") or EVERYWHERE)
        call = identity.grants.give
        return await attempt(
            room, request, caller, holder, read, lambda: call(caller, holder, grant, until=until, why=why)
        )

    @routes.post("/{holder}/peran/{grant}/cabut")
    async def take(caller: access.Caller, holder: Id, grant: Id) -> Response:
        await to_thread.run_sync(identity.grants.take, caller, grant)
        return RedirectResponse(f"{room.root}/{holder}", status_code=303)

    return routes
