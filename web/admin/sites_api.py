"""`/api/v1/sites` for who manages them: new ones, changes, and what is taken off the map."""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.geography import Site
from web import access, etags, once
from web.admin.examples import SITE
from web.admin.surveyor import MANAGE, Surveyor
from web.records import answers, asks, reply

_Site = Annotated[str, Path(max_length=64, examples=[SITE.id])]
_Title = Body(max_length=120, description="For people")
_Longitude = Body(ge=-180, le=180, description="Degrees, WGS 84")
_Latitude = Body(ge=-90, le=90, description="Degrees, WGS 84")
_Kelurahan = Body(max_length=16, description="Code; empty: by the boundaries, where they are known")
_NEW: Final = {"id": SITE.id, "title": SITE.title, "longitude": SITE.longitude, "latitude": SITE.latitude}


def router(surveyor: Surveyor) -> APIRouter:
    """Routes that change `/api/v1/sites`; reading them is everybody's (web.places)."""
    routes = APIRouter(prefix="/api/v1/sites", tags=["sites"], dependencies=[access.needs(MANAGE)])

    @routes.post(
        "",
        summary="Put a site on the map",
        status_code=201,
        responses=answers(Site, SITE, status=201, tagged=True),
        openapi_extra=asks(_NEW),
    )
    async def add(
        caller: access.Caller,
        once_: once.Required,
        id_: Annotated[str, Body(alias="id", max_length=64, description="As in topics: `bima`. It stays")],
        title: Annotated[str, _Title],
        longitude: Annotated[float, _Longitude],
        latitude: Annotated[float, _Latitude],
        kelurahan: Annotated[str, _Kelurahan] = "",
    ) -> Response:
        site = Site(id=id_, title=title, longitude=longitude, latitude=latitude, kelurahan=kelurahan)

        def work(tx: Connection) -> Response:
            return _tagged(surveyor.add(tx, caller, site), status=201)

        return await once_.within(work)

    @routes.patch(
        "/{site}",
        summary="Change what is given",
        responses=answers(Site, SITE, tagged=True),
        openapi_extra=asks({"longitude": SITE.longitude, "latitude": SITE.latitude}),
    )
    async def change(
        caller: access.Caller,
        site: _Site,
        seen: etags.Seen,
        title: Annotated[str | None, _Title] = None,
        longitude: Annotated[float | None, _Longitude] = None,
        latitude: Annotated[float | None, _Latitude] = None,
        kelurahan: Annotated[str | None, _Kelurahan] = None,
    ) -> Response:
        given = {"title": title, "longitude": longitude, "latitude": latitude, "kelurahan": kelurahan}
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return _tagged(await to_thread.run_sync(surveyor.change, caller, site, seen, values))

    @routes.delete("/{site}", summary="Take a site off the map", status_code=204)
    async def remove(
        caller: access.Caller,
        site: _Site,
        seen: etags.Seen,
        why: Annotated[str, Query(max_length=500)] = "",
    ) -> Response:
        await to_thread.run_sync(surveyor.remove, caller, site, seen, why)
        return Response(status_code=204)

    return routes


def _tagged(site: Site, *, status: int = 200) -> Response:
    headers = etags.header(site.revision)
    if status == 201:
        headers["Location"] = f"/api/v1/sites/{site.id}"
    return reply(site, status=status, headers=headers)
