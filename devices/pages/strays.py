"""Answers of devices that belong to no command of the desk's, for whoever looks for the reason."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, Connection, func, select, tuple_
from starlette.responses import Response

from city.db import Database
from city.identity.caller import Caller
from contracts.instants import DAY
from devices.commands.intake import Fate
from devices.commands.tables import strays
from devices.reach import mine
from devices.roles import READ
from web import access, paging
from web.pages import render

PATH: Final = "/perangkat/jawaban"
RECENT: Final = 7 * DAY  # so old they are counted on the list of devices
_PAGE: Final = 50


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, or many alike."""

    id: int
    device: str  # empty: the address says none
    command: str  # id that it names; empty: it could not be read
    reason: Fate
    payload: str
    time: int  # µs UTC: the last time
    count: int


_FIELDS: Final = Stray.__struct_fields__


def recent(tx: Connection, by: Caller, now: int) -> int:
    """How many came of late."""
    query = select(func.count()).select_from(strays).where(strays.c.time >= now - RECENT, *_seen(by))
    return int(tx.execute(query).scalar_one())


def page(
    tx: Connection, by: Caller, *, device: str, after: tuple[int, int] | None, limit: int
) -> list[Stray]:
    """Answers, the newest first."""
    where = _seen(by)
    if device:
        where.append(strays.c.device == device)
    if after is not None:
        where.append(tuple_(strays.c.time, strays.c.id) < tuple_(*after))
    query = select(strays).where(*where).order_by(strays.c.time.desc(), strays.c.id.desc()).limit(limit)
    rows = tx.execute(query).mappings()
    return [msgspec.convert({name: row[name] for name in _FIELDS}, Stray) for row in rows]


def router(db: Database) -> APIRouter:
    """The page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH, dependencies=[access.needs(READ)])
    async def listed(
        request: Request,
        caller: access.Caller,
        device: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        after = paging.place(cursor, tuple[int, int]) if cursor else None

        def read() -> list[Stray]:
            with db.read() as tx:
                return page(tx, caller, device=device.strip(), after=after, limit=_PAGE + 1)

        found = await to_thread.run_sync(read)
        last = found[_PAGE - 1] if len(found) > _PAGE else None
        return render(
            request,
            "devices/strays.html",
            strays=found[:_PAGE],
            device=device.strip(),
            first=not cursor,
            next=paging.cursor(last.time, last.id) if last else "",
        )

    return routes


def _seen(by: Caller) -> list[ColumnElement[bool]]:
    return mine(by, READ, strays.c.device)
