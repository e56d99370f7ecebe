"""Pages under `/pemberitahuan`: the inbox, and the bell that leads to it from every page."""

from __future__ import annotations

from pathlib import Path as Folder
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from web import access, back, forms, paging
from web.language import choose
from web.notices.own import Own
from web.notices.roles import OWN
from web.pages import render

ROOT: Final = "/pemberitahuan"
ALL: Final = f"{ROOT}/semua"
_SIZE: Final = 30  # notices of a page
_WORKER: Final = Folder(__file__).parent / "static" / "worker.js"
_Cursor = Annotated[str, Query(max_length=200)]
_Id = Annotated[str, Path(max_length=64)]


def router(own: Own) -> APIRouter:
    """The inbox."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(OWN)])

    @routes.get("")
    async def unread(request: Request, caller: access.Caller, cursor: _Cursor = "") -> Response:
        return await _page(own, request, caller, cursor, unread=True)

    @routes.get("/semua")
    async def every(request: Request, caller: access.Caller, cursor: _Cursor = "") -> Response:
        return await _page(own, request, caller, cursor, unread=False)

    @routes.get("/lonceng")
    async def bell(request: Request, caller: access.Caller) -> Response:
        return render(request, "notices/count.html", unread=await to_thread.run_sync(own.unread, caller))

    @routes.post("/baca")
    async def read_all(caller: access.Caller, typed: forms.Typed) -> Response:
        await to_thread.run_sync(own.read_all, caller, typed.value("upto")[:64])
        return _onward(typed)

    @routes.post("/{notice}/baca")
    async def read(caller: access.Caller, notice: _Id, typed: forms.Typed) -> Response:
        await to_thread.run_sync(own.read, caller, notice)
        return _onward(typed)

    @routes.post("/{notice}/buka")
    async def open_(caller: access.Caller, notice: _Id) -> Response:
        path = await to_thread.run_sync(own.read, caller, notice)
        return RedirectResponse(back.local(path, default=ALL), status_code=303)

    return routes


def worker() -> APIRouter:
    """The service worker that shows pushes: for pages below its own folder, and it fetches nothing."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.public()])
    body = _WORKER.read_bytes()

    @routes.get("/pekerja.js")
    async def file() -> Response:
        return Response(body, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return routes


async def _page(own: Own, request: Request, caller: access.Who, cursor: str, *, unread: bool) -> Response:
    (before,) = paging.place(cursor, tuple[str]) if cursor else ("",)
    language = choose(request)
    found = await to_thread.run_sync(
        lambda: own.page(caller, language=language, before=before, limit=_SIZE, unread=unread)
    )
    return render(
        request,
        "notices/inbox.html",
        found=found,
        here=ROOT if unread else ALL,
        next=paging.cursor(found.items[-1].id) if found.more else None,
        first=not cursor,
    )


def _onward(typed: forms.Form) -> Response:
    place = typed.value("next")
    return RedirectResponse(ALL if place == ALL else ROOT, status_code=303)
