"""The page `/kelola/jejak`: who saw or changed what, and whether the record of it is whole."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from city.audit import Filters
from web import access, forms, paging
from web.admin import words
from web.admin.audit_api import place
from web.admin.trail import READ, Book
from web.pages import render

ROOT: Final = "/kelola/jejak"
_SIZE: Final = 50
_FIELDS: Final = ("by", "action", "kind", "record")
_Word = Annotated[str, Query(max_length=80)]


def router(book: Book) -> APIRouter:
    """The page, and a look at all of it."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(READ)])

    @routes.get("")
    async def page(
        request: Request,
        by: _Word = "",
        action: _Word = "",
        kind: _Word = "",
        record: _Word = "",
        start: Annotated[str, Query(alias="dari", max_length=10)] = "",
        end: Annotated[str, Query(alias="sampai", max_length=10)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        typed = forms.of(by=by, action=action, kind=kind, record=record, dari=start, sampai=end)
        read = forms.Reading(typed)
        first, last = read.day("dari", needed=False), read.day("sampai", needed=False)
        filters = Filters(
            by=by.strip(),
            action=action.strip(),
            kind=kind.strip(),
            record=record.strip(),
            since=words.midnight(first) if first else None,
            until=words.midnight(last, days=1) if last else None,
        )
        before = place(cursor)
        found = await to_thread.run_sync(lambda: book.page(filters, before=before, limit=_SIZE + 1))
        chosen = {name: getattr(filters, name) for name in (*_FIELDS, "since", "until")}
        kept = {name: typed.value(name) for name in (*_FIELDS, "dari", "sampai") if typed.value(name)}
        return render(
            request,
            "admin/audit.html",
            status=422 if read.faults else 200,
            form=read.form,
            entries=[] if read.faults else found[:_SIZE],
            people=await to_thread.run_sync(book.names, {one.by for one in found}),
            next=paging.cursor(found[_SIZE - 1].id) if len(found) > _SIZE else None,
            first=not cursor,
            address=f"?{urlencode(kept)}&" if kept else "?",
            export=urlencode({name: value for name, value in chosen.items() if value}),
        )

    @routes.get("/periksa")
    async def verified(request: Request) -> Response:
        report, time = await to_thread.run_sync(book.report)
        return render(request, "admin/verified.html", report=report, time=time)

    return routes
