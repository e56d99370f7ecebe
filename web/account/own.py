"""One's own account: who one is here, what one may, and where one is signed in."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from city.identity.caller import Caller
from city.identity.sessions import Session
from city.identity.wiring import Identity
from contracts.judgements import Text
from web import access, forms
from web.account.cookies import Cookies
from web.account.texts import browser
from web.language import Language
from web.pages import render

ROOT: Final = "/akun"
SESSIONS: Final = f"{ROOT}/sesi"
_Id = Annotated[str, Path(max_length=64)]


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody has, in words."""

    title: Text
    unit: str  # its name; empty: the whole city


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is signed in, in words."""

    session: Session
    browser: str
    here: bool  # it is the session that asks


def router(identity: Identity, cookies: Cookies) -> APIRouter:
    """Pages under `/akun`: profile and sessions."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("")
    async def profile(request: Request, caller: access.Caller) -> Response:
        person = await to_thread.run_sync(identity.people.get, caller, caller.id)
        names = await to_thread.run_sync(_names, identity)
        return render(
            request,
            "account/profile.html",
            person=person,
            unit=names.get(person.unit, person.unit),
            roles=roles(identity, caller, names),
            form=forms.of(language=person.language, revision=person.revision),
        )

    @routes.post("")
    async def change(caller: access.Caller, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        wanted = read.choice("language", Language)
        revision = read.number("revision", least=1, most=2**31)
        if read.faults or wanted is None:
            return RedirectResponse(ROOT, status_code=303)
        call = identity.people.change
        await to_thread.run_sync(lambda: call(caller, caller.id, revision, language=wanted))
        return RedirectResponse(f"{ROOT}?lang={wanted}", status_code=303)

    @routes.get("/sesi")
    async def sessions(request: Request, caller: access.Caller) -> Response:
        found = await to_thread.run_sync(identity.doors.of, caller)
        places = [
            Place(session=one, browser=browser(one.agent), here=one.id == caller.session) for one in found
        ]
        return render(request, "account/sessions.html", places=places)

    @routes.post("/sesi/akhiri")
    async def end_others(caller: access.Caller) -> Response:
        await to_thread.run_sync(identity.doors.end_all, caller)
        return RedirectResponse(SESSIONS, status_code=303)

    @routes.post("/sesi/{session}/akhiri")
    async def end(caller: access.Caller, session: _Id) -> Response:
        await to_thread.run_sync(identity.doors.end, caller, session)
        response = RedirectResponse(SESSIONS, status_code=303)
        if session == caller.session:
            cookies.close(response)
        return response

    return routes


def roles(identity: Identity, caller: Caller, names: dict[str, str]) -> list[Role]:
    """Roles of a caller in words; those that nobody brings any more are left out."""
    titles = {(role.programme, role.name): role.title for role in identity.catalogue.list()}
    return [
        Role(title=titles[key], unit=names.get(grant.unit, grant.unit))
        for grant in caller.grants
        if (key := (grant.programme, grant.role)) in titles
    ]


def _names(identity: Identity) -> dict[str, str]:
    return {unit.id: unit.name for unit in identity.units.list(retired=True)}
