"""The registry taken and brought as a table."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from city.identity.caller import Caller
from city.imports import Imports, Mode, Report
from city.imports.errors import Unreadable
from devices.registry import layout
from devices.registry.examples import CSV, REPORT
from devices.registry.service import Filters, Registry
from devices.roles import MANAGE, READ
from web import access
from web.problems import Known
from web.records import answers, asks, reply, text

LARGE: Final = {"/api/v1/registry": 10_000_000}  # bytes of a table
KNOWN: Final[Known] = {Unreadable: 422}
MOST: Final = 20_000  # rows of a table
_CSV: Final = "text/csv"
_BODY: Final = asks(CSV, _CSV)
_BODY["requestBody"]["content"][_CSV]["schema"] = {"type": "string"}


class _Table(Response):
    """A table."""

    media_type = _CSV


def router(registry: Registry, imports: Imports) -> APIRouter:
    """Routes under `/api/v1/registry`."""
    routes = APIRouter(prefix="/api/v1", tags=["devices"])

    @routes.get(
        "/registry.csv",
        summary="All that one may see, as a table; without who answers for them",
        responses=text(_CSV, CSV),
        response_class=_Table,
        dependencies=[access.needs(READ)],
    )
    async def take(caller: access.Caller) -> Response:
        found = await to_thread.run_sync(lambda: registry.page(caller, Filters(), limit=MOST))
        return _Table(
            layout.exported(found), headers={"Content-Disposition": 'attachment; filename="devices.csv"'}
        )

    @routes.post(
        "/registry/imports",
        summary="Bring a table of devices, CSV or Excel; the same row again changes nothing",
        responses=answers(Report, REPORT),
        openapi_extra=_BODY,
        dependencies=[access.needs(MANAGE)],
    )
    async def bring(
        request: Request,
        caller: access.Caller,
        mode: Annotated[
            Mode, Query(description="dry: what would happen; all: every row or none; each: every good row")
        ] = Mode.DRY,
    ) -> Response:
        body = await request.body()
        return reply(await to_thread.run_sync(lambda: brought(registry, imports, caller, body, mode)))

    return routes


def brought(registry: Registry, imports: Imports, by: Caller, body: bytes, mode: Mode) -> Report:
    """What became of each row. Blocks. Raises Unreadable."""
    return imports.run(layout.LAYOUT, body, layout.apply(registry, by), mode=mode, by=by.id)
