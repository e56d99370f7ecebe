"""Pages under `/kelola/unit`: the city's organisation."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from city.identity.caller import EVERYWHERE
from city.identity.model import UnitKind
from city.identity.units import MANAGE
from city.identity.wiring import Identity
from web import access, forms, language, once
from web.admin import words
from web.pages import render

ROOT: Final = "/kelola/unit"
_Unit = Annotated[str, Path(max_length=64)]


def router(identity: Identity) -> APIRouter:
    """The pages."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.get("")
    async def page(request: Request, caller: access.Caller) -> Response:
        found = await to_thread.run_sync(lambda: identity.units.list(retired=True))
        mine = {one.id for one in found if caller.may(MANAGE, unit=one.id)}
        adds = caller.may(MANAGE)
        return render(request, "admin/units.html", branches=words.tree(found), mine=mine, adds=adds)

    @routes.get("/baru")
    async def ask(request: Request, caller: access.Caller) -> Response:
        return await _form(request, identity, caller, forms.of(kind=UnitKind.AGENCY))

    @routes.post("/baru")
    async def add(request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed) -> Response:
        read = forms.Reading(typed)
        unit, name = read.text("unit", most=64), read.text("name", most=120)
        code, kind = read.text("code", most=40, least=0), read.choice("kind", UnitKind)
        if read.faults or kind is None:
            return await _form(request, identity, caller, read.form, 422)

        async def work() -> Response:
            call, parent = identity.units.add, typed.value("parent") or EVERYWHERE
            await to_thread.run_sync(
                lambda: call(caller, id=unit, kind=kind, name=name, parent=parent, code=code)
            )
            return RedirectResponse(ROOT, status_code=303)

        try:
            return await once_.around(work)
        except words.Refusal as error:
            return await _form(request, identity, caller, words.refused(read.form, error), 422)

    _changing(routes, identity)
    return routes


def _changing(routes: APIRouter, identity: Identity) -> None:
    @routes.get("/{unit}")
    async def one(request: Request, caller: access.Caller, unit: _Unit) -> Response:
        access.require(caller, MANAGE, unit=unit)
        found = await to_thread.run_sync(identity.units.get, unit)
        values = {"name": found.name, "code": found.code, "parent": found.parent, "revision": found.revision}
        form = forms.of(**values, retired="1" if found.retired else "")
        return await _form(request, identity, caller, form, unit=unit)

    @routes.post("/{unit}")
    async def change(request: Request, caller: access.Caller, unit: _Unit, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        name, code = read.text("name", most=120), read.text("code", most=40, least=0)
        revision = read.number("revision", least=1, most=2**31)
        if read.faults:
            return await _form(request, identity, caller, read.form, 422, unit)
        call, parent, retired = identity.units.change, typed.value("parent"), bool(typed.value("retired"))
        try:
            await to_thread.run_sync(
                lambda: call(caller, unit, revision, name=name, code=code, parent=parent, retired=retired)
            )
        except words.Refusal as error:
            return await _form(request, identity, caller, words.refused(read.form, error), 422, unit)
        return RedirectResponse(ROOT, status_code=303)


async def _form(
    request: Request,
    identity: Identity,
    caller: access.Who,
    form: forms.Form,
    status: int = 200,
    unit: str = "",
) -> Response:
    """The form of a unit; `unit`: the one that is changed."""
    above = await to_thread.run_sync(words.units, identity, caller, MANAGE, language.choose(request))
    parents = [(value, name) for value, name in above if value != unit]
    if (kept := form.value("parent")) and kept not in dict(parents):  # above what he manages: it stays
        names = await to_thread.run_sync(words.names, identity)
        parents = [(kept, names.get(kept, kept)), *parents]
    return render(
        request, "admin/unit.html", status=status, form=form, unit=unit, parents=parents, kinds=list(UnitKind)
    )
