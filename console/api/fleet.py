"""`/api/v1/devices`: the roster, and how each device fares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from console.api import examples
from console.asking import Asker
from console.errors import Unknown
from console.fleet import Device, State
from console.roles import DEVICES
from contracts.topics import Kind
from web import access, paging
from web.records import Page, answers, reply


def router(fleet: Callable[[], list[Device]], asker: Asker) -> APIRouter:
    """Routes of devices; `fleet` gives all of them, worst first."""
    routes = APIRouter(prefix="/api/v1", tags=["devices"], dependencies=[access.needs(DEVICES)])

    @routes.get(
        "/devices",
        summary="Devices in order of their id",
        responses=answers(Page[Device], Page(items=[examples.DEVICE], next=None)),
    )
    async def page(
        site: Annotated[str, Query(max_length=64)] = "",
        kind: Kind | None = None,
        state: State | None = None,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = [
            device
            for device in sorted(await asker.ask("the store", fleet), key=lambda device: device.device)
            if (not site or device.site == site)
            and (kind is None or device.kind == kind)
            and (state is None or device.state == state)
            and device.device > after
        ]
        following = paging.cursor(found[limit - 1].device) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get("/devices/{device}", summary="One device", responses=answers(Device, examples.DEVICE))
    async def one(device: Annotated[str, Path(max_length=64, examples=["kiosk-01"])]) -> Response:
        for found in await asker.ask("the store", fleet):
            if found.device == device:
                return reply(found)
        raise Unknown("device", device)

    return routes
