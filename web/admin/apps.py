"""Pages under `/kelola/aplikasi`: programs, their roles and their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from city.identity import grants
from city.identity.apps import ACTIVE, MANAGE
from city.identity.caller import EVERYWHERE
from city.identity.keys import Made
from city.identity.model import Given
from city.identity.wiring import Identity
from contracts.instants import DAY, SECOND
from runtime.clock import Clock
from web import access, forms, language, once
from web.admin import words
from web.admin.fresh import Fresh
from web.admin.giving import give_form
from web.admin.room import Id, attempt
from web.pages import render

ROOT: Final = "/kelola/aplikasi"
_OVERLAP: Final = 7 * DAY  # a key works beside its successor unless somebody says otherwise by the API


class Room:
    """Shows the page of an app."""

    root = ROOT

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    async def show(
        self, request: Request, caller: access.Who, app: str, form: forms.Form | None = None
    ) -> Response:
        """The page; `form`: the one of it in which something is wrong."""
        identity = self._identity
        found, keys = await to_thread.run_sync(identity.apps.get, caller, app)
        given = await to_thread.run_sync(identity.grants.of, app)
        scopes = self.scopes(given)
        shown = {
            "edit": forms.Form(id="edit", values=forms.of(name=found.name).values),
            "give": give_form(),
            "key": forms.Form(id="key", values={"scopes": tuple(scopes), "days": ("365",)}),
        }
        if form is not None:
            shown[form.id] = form
        now = self._clock.now()
        return render(
            request,
            "admin/app.html",
            status=422 if form else 200,
            app=found,
            keys=[(key, key.works(now)) for key in keys],
            forms=shown,
            scopes=scopes,
            held=await to_thread.run_sync(words.held, identity, caller, given),
            names=await to_thread.run_sync(words.names, identity),
            places=await to_thread.run_sync(
                words.units, identity, caller, grants.MANAGE, language.choose(request)
            ),
            roles=words.roles(identity, language.choose(request)),
            gives=caller.may(grants.MANAGE),
            active=found.state == ACTIVE,
        )

    def scopes(self, given: Sequence[Given]) -> list[str]:
        """Permissions of these roles, to which a key may be cut down."""
        known = {(role.programme, role.name): role.permissions for role in self._identity.catalogue.list()}
        return sorted({one for grant in given for one in known.get((grant.programme, grant.role), ())})


def listing(identity: Identity) -> APIRouter:
    """The list, and a new one."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.get("")
    async def page(request: Request, caller: access.Caller) -> Response:
        found = await to_thread.run_sync(identity.apps.list, caller)
        names = await to_thread.run_sync(words.names, identity)
        return render(request, "admin/apps.html", apps=found, names=names)

    async def form_page(
        request: Request, caller: access.Who, form: forms.Form, status: int = 200
    ) -> Response:
        units = await to_thread.run_sync(words.units, identity, caller, MANAGE, language.choose(request))
        return render(request, "admin/new_app.html", status=status, form=form, units=units)

    @routes.get("/baru")
    async def ask(request: Request, caller: access.Caller) -> Response:
        return await form_page(request, caller, forms.of(name="", unit=""))

    @routes.post("/baru")
    async def add(request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed) -> Response:
        read = forms.Reading(typed)
        name, unit = read.text("name", most=120), typed.value("unit") or EVERYWHERE
        if read.faults:
            return await form_page(request, caller, read.form, 422)

        async def work() -> Response:
            made = await to_thread.run_sync(lambda: identity.apps.add(caller, name=name, unit=unit))
            return RedirectResponse(f"{ROOT}/{made.id}", status_code=303)

        try:
            return await once_.around(work)
        except words.Refusal as error:
            return await form_page(request, caller, words.refused(read.form, error), 422)

    return routes


def one(identity: Identity, room: Room) -> APIRouter:
    """The page of an app, and what changes it."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.get("/{app}")
    async def show(request: Request, caller: access.Caller, app: Id) -> Response:
        return await room.show(request, caller, app)

    @routes.post("/{app}")
    async def change(request: Request, caller: access.Caller, app: Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="edit", values=typed.values))
        name, revision = read.text("name", most=120), read.number("revision", least=1, most=2**31)
        call, suspended = identity.apps.change, bool(typed.value("suspended"))
        return await attempt(
            room,
            request,
            caller,
            app,
            read,
            lambda: call(caller, app, revision, name=name, suspended=suspended),
        )

    return routes


def keys(identity: Identity, room: Room, fresh: Fresh) -> APIRouter:
    """Making, rotating and revoking keys."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.post("/{app}/kunci")
    async def make(
        request: Request, caller: access.Caller, app: Id, typed: forms.Typed, once_: once.Typed
    ) -> Response:
        fresh(caller)
        read = forms.Reading(forms.Form(id="key", values={"scopes": (), **typed.values}))
        label, days = read.text("label", most=80), read.number("days", least=1, most=3_650)
        call, scopes = identity.apps.make_key, typed.all("scopes")
        return await attempt(
            room,
            request,
            caller,
            app,
            read,
            lambda: call(caller, app, label=label, scopes=scopes, days=days),
            then=lambda made: _secret(request, app, made),
            once_=once_,
        )

    @routes.post("/{app}/kunci/{key}/ganti")
    async def rotate(request: Request, caller: access.Caller, app: Id, key: Id) -> Response:
        fresh(caller)
        call = identity.apps.rotate
        made = await to_thread.run_sync(lambda: call(caller, key, overlap=_OVERLAP / SECOND))
        return _secret(request, app, made)

    @routes.post("/{app}/kunci/{key}/cabut")
    async def revoke(caller: access.Caller, app: Id, key: Id) -> Response:
        await to_thread.run_sync(identity.apps.revoke, caller, key)
        return RedirectResponse(f"{ROOT}/{app}", status_code=303)

    return routes


def _secret(request: Request, app: str, made: Made) -> Response:
    """A new key, shown this once."""
    return render(request, "admin/key.html", app=app, made=made)
