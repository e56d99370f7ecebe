"""Pages under `/kelola/orang`: who has an account, and a new one."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from city.identity.links import Link
from city.identity.model import Person, PersonKind, PersonState
from city.identity.people import MANAGE, READ
from city.identity.wiring import Identity
from web import access, forms, language, once, paging
from web.admin import words
from web.admin.fresh import Fresh
from web.language import Language
from web.pages import render

ROOT: Final = "/kelola/orang"
_SIZE: Final = 50
_Text = Annotated[str, Query(max_length=120)]


def listing(identity: Identity) -> APIRouter:
    """The list."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(READ)])

    @routes.get("")
    async def page(
        request: Request,
        caller: access.Caller,
        q: _Text = "",
        unit: _Text = "",
        state: Annotated[str, Query(alias="keadaan", max_length=16)] = "",
        cursor: Annotated[str, Query(max_length=400)] = "",
    ) -> Response:
        after = paging.place(cursor, tuple[str, str]) if cursor else None
        wanted = PersonState(state) if state in set(PersonState) else None
        call = identity.people.page
        found = await to_thread.run_sync(
            lambda: call(caller, text=q.strip(), unit=unit, state=wanted, after=after, limit=_SIZE + 1)
        )
        last = found[_SIZE - 1] if len(found) > _SIZE else None
        return render(
            request,
            "admin/people.html",
            people=found[:_SIZE],
            names=await to_thread.run_sync(words.names, identity),
            units=await to_thread.run_sync(words.units, identity, caller, READ, language.choose(request)),
            chosen=forms.of(q=q, unit=unit, keadaan=state),
            next=paging.cursor(last.name, last.id) if last else None,
            first=not cursor,
        )

    return routes


def inviting(identity: Identity, fresh: Fresh) -> APIRouter:
    """A new account."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    async def page(request: Request, caller: access.Who, form: forms.Form, status: int = 200) -> Response:
        found = await to_thread.run_sync(words.units, identity, caller, MANAGE, language.choose(request))
        return render(request, "admin/invite.html", status=status, form=form, units=found)

    @routes.get("/baru")
    async def ask(request: Request, caller: access.Caller) -> Response:
        fresh(caller)  # asked for before he types, not after
        return await page(request, caller, forms.of(kind=PersonKind.STAFF, language=Language.INDONESIAN))

    @routes.post("/baru")
    async def invite(
        request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed
    ) -> Response:
        fresh(caller)
        read = forms.Reading(typed)
        name, login = read.text("name", most=120), read.text("login", most=120)
        kind = read.choice("kind", PersonKind) or PersonKind.STAFF
        speaks = read.choice("language", Language) or Language.INDONESIAN
        if read.faults:
            return await page(request, caller, read.form, 422)

        async def work() -> Response:
            call, unit = identity.people.invite, typed.value("unit")
            made = await to_thread.run_sync(
                lambda: call(caller, name=name, login=login, unit=unit, kind=kind, language=speaks)
            )
            return link_page(request, identity, made.person, made.link)

        try:
            return await once_.around(work)
        except words.Refusal as error:
            return await page(request, caller, words.refused(read.form, error), 422)

    return routes


def link_page(request: Request, identity: Identity, person: Person, link: Link) -> Response:
    """The way in for somebody, shown this once."""
    address = link.address(identity.settings.address)
    return render(request, "admin/link.html", person=person, address=address, expires=link.expires)
