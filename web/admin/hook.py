"""The page of one webhook: how its receiver fares, and what its owner can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from city.errors import Outdated
from city.webhooks.service import OWN
from contracts.errors import Refused
from web import access, forms, once
from web.admin import words
from web.admin.hooks import ROOT, Desk, secret_page, told, wrong
from web.letters import MOST
from web.pages import render

_SHOWN: Final = 20  # dead letters on the page
_Id = Annotated[str, Path(max_length=36)]


class Room:
    """Shows the page of a webhook."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def show(
        self,
        request: Request,
        caller: access.Who,
        webhook: str,
        form: forms.Form | None = None,
        done: str = "",
    ) -> Response:
        """The page; `form`: the one of it in which something is wrong; `done`: what was just done."""
        call = self.desk.webhooks
        found = await self.desk.read(lambda tx: call.get(tx, caller, webhook))
        letters = await self.desk.read(lambda tx: call.letters(tx, caller, webhook, limit=_SHOWN))
        one = found.subscription
        edit = forms.of(url=one.url, title=one.title, types="\n".join(one.types))
        shown = {
            "edit": forms.Form(id="edit", values=edit.values),
            "pause": forms.Form(id="pause", values=forms.of(reason="").values),
            "rewind": forms.Form(id="rewind", values=forms.of(after=found.place.position).values),
            "replay": forms.Form(id="replay", values=forms.of(since=0).values),
        }
        if form is not None:
            shown[form.id] = form
        return render(
            request,
            "admin/hook.html",
            status=422 if form else 200,
            told=found,
            hook=one,
            place=found.place,
            letters=letters,
            forms=shown,
            done=done,
        )

    async def attempt(
        self,
        request: Request,
        caller: access.Who,
        webhook: str,
        read: forms.Reading,
        work: Callable[[Connection], object],
    ) -> Response:
        """Do it and show the page anew; or say at its form what is wrong."""
        if read.faults:
            return await self.show(request, caller, webhook, read.form)
        try:
            await self.desk.write(work)
        except Refused as error:
            return await self.show(request, caller, webhook, words.refused(read.form, error))
        return _to(webhook, read.form.id)


def looking(room: Room) -> APIRouter:
    """The page, and what changes the subscription."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(OWN)])
    desk = room.desk

    @routes.get("/{webhook}")
    async def show(request: Request, caller: access.Caller, webhook: _Id, done: str = "") -> Response:
        return await room.show(request, caller, webhook, done=done[:16])

    @routes.post("/{webhook}")
    async def change(request: Request, caller: access.Caller, webhook: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="edit", values=typed.values))
        url, title, types = told(read)
        seen = read.number("revision", least=1, most=2**31)
        if read.faults:
            return await room.show(request, caller, webhook, read.form)
        values: dict[str, Any] = {"url": url, "title": title, "types": types}
        call = desk.webhooks.change
        try:
            await desk.write(lambda tx: call(tx, caller, webhook, seen=seen, **values))
        except (Refused, Outdated) as error:
            return await room.show(request, caller, webhook, wrong(read.form, error))
        return _to(webhook, "saved")

    @routes.get("/{webhook}/hapus")
    async def ask(request: Request, caller: access.Caller, webhook: _Id) -> Response:
        """Asks before it is forgotten."""
        found = await desk.read(lambda tx: desk.webhooks.get(tx, caller, webhook))
        return render(request, "admin/hook_remove.html", told=found, hook=found.subscription)

    @routes.post("/{webhook}/hapus")
    async def remove(caller: access.Caller, webhook: _Id) -> Response:
        await desk.write(lambda tx: desk.webhooks.remove(tx, caller, webhook))
        return RedirectResponse(ROOT, status_code=303)

    return routes


def acting(room: Room) -> APIRouter:
    """What makes it stop, go on, and sign anew."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(OWN)])
    desk = room.desk

    @routes.post("/{webhook}/jeda")
    async def pause(request: Request, caller: access.Caller, webhook: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="pause", values=typed.values))
        reason, call = read.text("reason", most=300, least=0), desk.webhooks.pause
        return await room.attempt(
            request, caller, webhook, read, lambda tx: call(tx, caller, webhook, reason=reason)
        )

    @routes.post("/{webhook}/lanjut")
    async def activate(caller: access.Caller, webhook: _Id) -> Response:
        await desk.write(lambda tx: desk.webhooks.activate(tx, caller, webhook))
        return _to(webhook, "active")

    @routes.post("/{webhook}/rahasia")
    async def rotate(request: Request, caller: access.Caller, webhook: _Id, once_: once.Typed) -> Response:
        def work(tx: Connection) -> Response:
            return secret_page(request, *desk.webhooks.rotate(tx, caller, webhook))

        return await once_.within(work)

    return routes


def telling(room: Room) -> APIRouter:
    """What has it told again, or something to try it."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(OWN)])
    desk = room.desk

    @routes.post("/{webhook}/uji")
    async def test(caller: access.Caller, webhook: _Id) -> Response:
        await desk.write(lambda tx: desk.webhooks.test(tx, caller, webhook))
        return _to(webhook, "test")

    @routes.post("/{webhook}/mundur")
    async def rewind(request: Request, caller: access.Caller, webhook: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="rewind", values=typed.values))
        after, call = read.number("after", least=0, most=MOST), desk.webhooks.rewind
        return await room.attempt(
            request, caller, webhook, read, lambda tx: call(tx, caller, webhook, after=after)
        )

    @routes.post("/{webhook}/ulangi")
    async def replay(request: Request, caller: access.Caller, webhook: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(forms.Form(id="replay", values=typed.values))
        since, call = read.number("since", least=0, most=MOST), desk.webhooks.replay
        return await room.attempt(
            request, caller, webhook, read, lambda tx: call(tx, caller, webhook, since=since)
        )

    return routes


def _to(webhook: str, done: str) -> Response:
    return RedirectResponse(f"{ROOT}/{webhook}?done={done}", status_code=303)
