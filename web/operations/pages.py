"""Pages under `/operasi`: dead letters and clocks that wait for a person."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from web import access, forms, letters, paging
from web.letters import MOST
from web.operations import clocks
from web.operations.clocks import Desk, Which
from web.operations.lost import Lost
from web.operations.roles import READ, REPLAY
from web.pages import render

LETTERS: Final = "/operasi/surat"
CLOCKS: Final = "/operasi/jam"
_SIZE: Final = 50  # rows of a page
_LONGEST: Final = 64  # characters of a consumer's name
_Cursor = Annotated[str, Query(max_length=200)]
_Letter = Annotated[int, Path(ge=1, le=MOST)]
_Consumer = Annotated[str, Query(alias="penerima", max_length=_LONGEST)]


def looking(lost: Lost) -> APIRouter:
    """Dead letters to look at."""
    routes = APIRouter(prefix=LETTERS, include_in_schema=False, dependencies=[access.needs(letters.READ)])

    @routes.get("")
    async def page(request: Request, consumer: _Consumer = "", cursor: _Cursor = "") -> Response:
        after = letters.place(cursor)
        found = await to_thread.run_sync(lambda: lost.page(consumer, after=after, limit=_SIZE + 1))
        return render(
            request,
            "operations/letters.html",
            found=found[:_SIZE],
            counts=await to_thread.run_sync(lost.count),
            consumer=consumer,
            next=paging.cursor(found[_SIZE - 1].id) if len(found) > _SIZE else None,
            first=not cursor,
        )

    @routes.get("/ulangi")
    async def ask(request: Request, consumer: _Consumer = "") -> Response:
        """Asks before all letters of a consumer are taken again."""
        counts = await to_thread.run_sync(lost.count)
        if consumer not in counts:
            return RedirectResponse(LETTERS, status_code=303)
        return render(request, "operations/again.html", consumer=consumer, number=counts[consumer])

    @routes.get("/{letter}")
    async def one(request: Request, letter: _Letter) -> Response:
        found = await to_thread.run_sync(lost.get, letter)
        return render(request, "operations/letter.html", letter=found, event=_pretty(found.event))

    return routes


def acting(lost: Lost) -> APIRouter:
    """Dead letters to act on."""
    routes = APIRouter(prefix=LETTERS, include_in_schema=False, dependencies=[access.needs(letters.REPLAY)])

    @routes.post("/ulangi")
    async def replay_all(caller: access.Caller, typed: forms.Typed) -> Response:
        consumer = typed.value("consumer")[:_LONGEST]
        if consumer:
            await to_thread.run_sync(lost.replay_all, caller, consumer)
        return RedirectResponse(LETTERS, status_code=303)

    @routes.post("/{letter}/ulangi")
    async def replay(caller: access.Caller, letter: _Letter) -> Response:
        await to_thread.run_sync(lost.replay, caller, letter)
        return RedirectResponse(LETTERS, status_code=303)

    @routes.post("/{letter}/buang")
    async def drop(caller: access.Caller, letter: _Letter) -> Response:
        await to_thread.run_sync(lost.drop, caller, letter)
        return RedirectResponse(LETTERS, status_code=303)

    return routes


def resting(desk: Desk) -> APIRouter:
    """Clocks."""
    routes = APIRouter(prefix=CLOCKS, include_in_schema=False)

    @routes.get("", dependencies=[access.needs(READ)])
    async def parked(request: Request, cursor: _Cursor = "") -> Response:
        return await _clocks(request, desk, Which.PARKED, cursor)

    @routes.get("/gagal", dependencies=[access.needs(READ)])
    async def failing(request: Request, cursor: _Cursor = "") -> Response:
        return await _clocks(request, desk, Which.FAILING, cursor)

    @routes.get("/jeda", dependencies=[access.needs(READ)])
    async def paused(request: Request, cursor: _Cursor = "") -> Response:
        return await _clocks(request, desk, Which.PAUSED, cursor)

    @routes.post("/{clock}/ulangi", dependencies=[access.needs(REPLAY)])
    async def replay(caller: access.Caller, clock: Annotated[int, Path(ge=1, le=MOST)]) -> Response:
        await to_thread.run_sync(desk.replay, caller, clock)
        return RedirectResponse(CLOCKS, status_code=303)

    return routes


async def _clocks(request: Request, desk: Desk, which: Which, cursor: str) -> Response:
    after = clocks.place(cursor)
    found = await to_thread.run_sync(lambda: desk.page(which, after=after, limit=_SIZE + 1))
    return render(
        request,
        "operations/clocks.html",
        found=found[:_SIZE],
        which=which,
        next=paging.cursor(found[_SIZE - 1].id) if len(found) > _SIZE else None,
        first=not cursor,
    )


def _pretty(event: str) -> str:
    try:
        return msgspec.json.format(event, indent=2)
    except msgspec.MsgspecError:
        return event
