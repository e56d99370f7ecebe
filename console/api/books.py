"""`/api/v1/ledger`: recorded, sent, received, stored, and where they differ."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from console import sums
from console.api import examples
from console.asking import Asker
from console.roles import LEDGER
from contracts import instants
from contracts.errors import Refused
from contracts.ledger import Hole, Reader, Row
from runtime.clock import Clock
from web import access, paging
from web.records import answers, reply

_ROWS: Final = 10_000  # rows read for one answer
_HOLES: Final = 1_000


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a span, and the sums of all of it; ask again with `cursor` set to `next` until that is null."""

    start: int  # µs UTC
    end: int
    sums: sums.Sums | None = None  # of the whole span; only on the first page
    rows: list[Row]
    holes: list[Hole]  # sequence numbers that never came; only on the first page
    next: str | None = None


_EXAMPLE: Final = Ledger(
    start=examples.ROW.hour,
    end=examples.TIME,
    sums=examples.SUMS,
    rows=[examples.ROW],
    holes=[examples.HOLE],
)


def router(reader: Reader, clock: Clock, asker: Asker) -> APIRouter:
    """Route of the ledger."""
    routes = APIRouter(prefix="/api/v1", tags=["ledger"], dependencies=[access.needs(LEDGER)])

    @routes.get(
        "/ledger", summary="The ledger by hour, device and channel", responses=answers(Ledger, _EXAMPLE)
    )
    async def page(
        start: Annotated[str, Query(max_length=40, description="RFC 3339 or µs; a day ago if empty")] = "",
        end: Annotated[str, Query(max_length=40, description="RFC 3339 or µs; now if empty")] = "",
        device: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=_ROWS)] = 1_000,
    ) -> Response:
        until = paging.instant("end", end) if end else clock.now()
        since = paging.instant("start", start) if start else until - instants.DAY
        if since >= until:
            raise Refused("start", start or since, "must lie before the end")
        first = instants.floor(since, instants.HOUR)
        after = paging.place(cursor, tuple[int, str, str]) if cursor else None
        most = _ROWS if after else limit + 1
        rows = await asker.ask(
            "the ledger",
            lambda: reader.rows(after[0] if after else first, until, device=device, limit=most),
        )
        holes: list[Hole] = []
        added = None
        if after is None:
            holes = await asker.ask("the ledger", lambda: reader.holes(device=device, limit=_HOLES))
            totals = await asker.ask("the ledger", lambda: reader.totals(first, until, device=device))
            added = sums.of(totals, holes)
        else:
            rows = [row for row in rows if _place(row) > after]
        following = paging.cursor(*_place(rows[limit - 1])) if len(rows) > limit else None
        rows = rows[:limit]
        return reply(Ledger(start=first, end=until, sums=added, rows=rows, holes=holes, next=following))

    return routes


def _place(row: Row) -> tuple[int, str, str]:
    return row.hour, row.device, row.channel
