"""The page of one person: what he is called, what he may, where he is signed in, and whether he is let in."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from city.identity import grants
from city.identity.doors import REVOKE
from city.identity.links import Link
from city.identity.model import Person
from city.identity.people import MANAGE, READ
from city.identity.wiring import Identity
from web import access, forms, language
from web.account.texts import browser
from web.admin import words
from web.admin.fresh import Fresh
from web.admin.giving import give_form
from web.admin.people import ROOT, link_page
from web.admin.room import WHY, Id, attempt
from web.pages import render


class Room:
    """Shows the page of a person."""

    root = ROOT

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def show(
        self, request: Request, caller: access.Who, person: str, form: forms.Form | None = None
    ) -> Response:
        """The page; `form`: the one of it in which something is wrong."""
        identity = self._identity
        found = await to_thread.run_sync(identity.people.get, caller, person)
        sessions = []
        if caller.may(REVOKE, unit=found.unit):
            sessions = list(await to_thread.run_sync(identity.doors.of, caller, person))
        given = await to_thread.run_sync(identity.grants.of, person)
        shown = {
            "edit": forms.Form(id="edit", values=forms.of(name=found.name, unit=found.unit).values),
            "give": give_form(),
            "act": forms.Form(id="act"),
        }
        if form is not None:
            shown[form.id] = form
        return render(
            request,
            "admin/person.html",
            status=422 if form else 200,
            person=found,
            forms=shown,
            held=await to_thread.run_sync(words.held, identity, caller, given),
            names=await to_thread.run_sync(words.names, identity),
            homes=await to_thread.run_sync(words.units, identity, caller, MANAGE, language.choose(request)),
            places=await to_thread.run_sync(
                words.units, identity, caller, grants.MANAGE, language.choose(request)
            ),
            roles=words.roles(identity, language.choose(request)),
            sessions=[(one, browser(one.agent)) for one in sessions],
            manages=caller.may(MANAGE, unit=found.unit) and caller.id != found.id,
            gives=caller.may(grants.MANAGE) and caller.id != found.id,
            longest=WHY,
        )


def looking(room: Room) -> APIRouter:
    """The page."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(READ)])

    @routes.get("/{person}")
    async def one(request: Request, caller: access.Caller, person: Id) -> Response:
        return await room.show(request, caller, person)

    return routes


def managing(identity: Identity, room: Room, fresh: Fresh) -> APIRouter:
    """What changes an account."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.post("/{person}")
    async def change(request: Request, caller: access.Caller, person: Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="edit", values=typed.values))
        name, revision = read.text("name", most=120), read.number("revision", least=1, most=2**31)
        call, unit = identity.people.change, typed.value("unit")
        return await attempt(
            room, request, caller, person, read, lambda: call(caller, person, revision, name=name, unit=unit)
        )

    @routes.post("/{person}/tangguhkan")
    async def suspend(request: Request, caller: access.Caller, person: Id, typed: forms.Typed) -> Response:
        read, why, revision = _reason(typed)
        call = identity.people.suspend
        return await attempt(
            room, request, caller, person, read, lambda: call(caller, person, revision, why=why)
        )

    @routes.post("/{person}/pulihkan")
    async def reinstate(request: Request, caller: access.Caller, person: Id, typed: forms.Typed) -> Response:
        fresh(caller)
        read, why, revision = _reason(typed)
        call = identity.people.reinstate
        return await attempt(
            room, request, caller, person, read, lambda: call(caller, person, revision, why=why)
        )

    @routes.post("/{person}/perbarui")
    async def renew(request: Request, caller: access.Caller, person: Id, typed: forms.Typed) -> Response:
        fresh(caller)
        read, why, _ = _reason(typed)
        people = identity.people

        def work() -> tuple[Person, Link]:
            link = people.renew(caller, person, why=why)
            return people.get(caller, person), link

        return await attempt(
            room,
            request,
            caller,
            person,
            read,
            work,
            then=lambda done: link_page(request, identity, *done),
        )

    return routes


def signing_out(identity: Identity) -> APIRouter:
    """Ending somebody's sessions."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(REVOKE)])

    @routes.post("/{person}/keluarkan")
    async def end(caller: access.Caller, person: Id) -> Response:
        await to_thread.run_sync(identity.doors.end_all, caller, person)
        return RedirectResponse(f"{ROOT}/{person}", status_code=303)

    return routes


def _reason(typed: forms.Form) -> tuple[forms.Reading, str, int]:
    """The form of an act with its reason and the revision that was seen."""
    read = forms.Reading(forms.Form(id="act", values=typed.values))
    return read, read.text("why", most=WHY), read.number("revision", least=1, most=2**31)
