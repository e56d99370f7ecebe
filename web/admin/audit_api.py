"""`/api/v1/audit`: who saw or changed what, and whether the record of it is whole."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from city.audit import Filters, Kept
from city.audit.verify import Report
from web import access, paging
from web.admin.examples import ENTRY, REPORT, TIME
from web.admin.trail import READ, Book
from web.records import Page, answers, reply, text

LINES: Final = "application/x-ndjson"
_Word = Annotated[str, Query(max_length=80)]
_Instant = Annotated[str, Query(max_length=40, description="RFC 3339 with an offset, or µs since 1970")]


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at every entry and seal found."""

    ok: bool
    time: int  # µs UTC of the look
    report: Report


def _filters(
    by: _Word = "",
    action: _Word = "",
    kind: _Word = "",
    record: _Word = "",
    unit: _Word = "",
    since: _Instant = "",
    until: _Instant = "",
) -> Filters:
    return Filters(
        by=by,
        action=action,
        kind=kind,
        record=record,
        unit=unit,
        since=paging.instant("since", since) if since else None,
        until=paging.instant("until", until) if until else None,
    )


Chosen = Annotated[Filters, Depends(_filters)]


def router(book: Book) -> APIRouter:
    """Routes under `/api/v1/audit`."""
    routes = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[access.needs(READ)])

    @routes.get("", summary="Entries, newest first", responses=answers(Page[Kept], Page(items=[ENTRY])))
    async def page(
        chosen: Chosen,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        before = place(cursor)
        found = await to_thread.run_sync(lambda: book.page(chosen, before=before, limit=limit + 1))
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=list(found[:limit]), next=following))

    @routes.get(
        "/export",
        summary="Entries and seals as JSON lines, to be checked elsewhere",
        response_class=StreamingResponse,
        responses=text(LINES, msgspec.json.encode({"entry": ENTRY}).decode()),
    )
    async def export(caller: access.Caller, chosen: Chosen) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="audit.ndjson"'}
        return StreamingResponse(book.lines(caller, chosen), media_type=LINES, headers=headers)

    @routes.get(
        "/verification",
        summary="Whether anybody changed the trail: at most once a minute anew",
        responses=answers(Verified, Verified(ok=True, time=TIME, report=REPORT)),
    )
    async def verification() -> Response:
        report, time = await to_thread.run_sync(book.report)
        return reply(Verified(ok=report.ok, time=time, report=report))

    return routes


def place(cursor: str) -> int | None:
    """Id of an entry in a cursor. Raises Refused."""
    return min(max(paging.place(cursor, tuple[int])[0], 0), 2**62) if cursor else None
