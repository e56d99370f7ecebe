"""Areas and sites of the city for apps: lists, GeoJSON, what a point belongs to, and what is near it."""

from __future__ import annotations

import zlib
from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from city.geography import Area, Atlas, Near, Site, Spot, geojson
from city.geography.areas import Level
from city.geography.errors import Fixed, Unknown
from city.geography.findable import sources
from web import access, etags, paging
from web.contribution import Contribution
from web.records import Page, answers, reply

FARTHEST: Final = 50_000.0  # metres
_AREA: Final = Area(code="32.74.05.1002", name="Sunyaragi", level=Level.KELURAHAN, parent="32.74.05")
_SITE: Final = Site(
    id="bima",
    title="Kawasan Bima",
    longitude=108.54,
    latitude=-6.74,
    kelurahan="32.74.05.1002",
    labels={"kind": "area"},
    revision=3,
    changed=1_795_536_000_000_000,
)
_SPOT: Final = Spot(site="bima", sites=("bima",), kelurahan="32.74.05.1002", kecamatan="32.74.05")
_Longitude = Annotated[float, Query(ge=-180, le=180, examples=[108.54], description="Degrees, WGS 84")]
_Latitude = Annotated[float, Query(ge=-90, le=90, examples=[-6.74], description="Degrees, WGS 84")]
_Cursor = Annotated[str, Query(max_length=200)]
_Limit = Annotated[int, Query(ge=1, le=1_000)]
_Held = Annotated[str, Header(alias="If-None-Match", max_length=200)]


class _Features(Response):
    """A FeatureCollection."""

    media_type = geojson.MEDIA_TYPE


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """What is near a point, nearest first."""

    items: list[Near]


def contribution(atlas: Atlas) -> Contribution:
    """The routes, and what of it can be found."""
    return Contribution(
        name="places",
        routers=(_areas(atlas), _sites(atlas), _points(atlas)),
        known={Unknown: 404, Fixed: 409},
        search=sources(atlas.areas),
    )


def _areas(atlas: Atlas) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["areas"], dependencies=[access.public()])
    areas = atlas.areas

    @routes.get(
        "/areas",
        summary="Kecamatan and kelurahan, in the order of their codes",
        responses=answers(Page[Area], Page(items=[_AREA])),
    )
    async def page(
        level: Annotated[Level | None, Query()] = None,
        parent: Annotated[str, Query(max_length=16, description="Code of a kecamatan")] = "",
        cursor: _Cursor = "",
        limit: _Limit = 100,
    ) -> Response:
        after = paging.place(cursor, tuple[str])[0] if cursor else ""
        found = [area for area in areas.list(level=level, parent=parent) if area.code > after]
        following = paging.cursor(found[limit - 1].code) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/areas.geojson",
        summary="The same as GeoJSON, with the boundaries that are known",
        responses=_geojson(_feature(_AREA, None)),
        response_class=_Features,
    )
    async def every(held: _Held = "") -> Response:
        outlines = atlas.boundaries.outlines
        features = [_feature(area, geojson.outline(outlines.get(area.code, ()))) for area in areas.list()]
        return _kept(features, held)

    @routes.get("/areas/{code}", summary="One area", responses=answers(Area, _AREA))
    async def one(
        code: Annotated[
            str, Path(max_length=16, examples=["32.74.05.1002"], description="With or without points")
        ],
    ) -> Response:
        return reply(areas.get(code))

    return routes


def _sites(atlas: Atlas) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["sites"], dependencies=[access.public()])

    @routes.get(
        "/sites",
        summary="Places with a name, in the order of their ids",
        responses=answers(Page[Site], Page(items=[_SITE])),
    )
    async def page(
        kelurahan: Annotated[str, Query(max_length=16)] = "", cursor: _Cursor = "", limit: _Limit = 100
    ) -> Response:
        after = paging.place(cursor, tuple[str])[0] if cursor else ""
        found = [
            site
            for site in await to_thread.run_sync(atlas.sites)
            if site.id > after and kelurahan in {"", site.kelurahan}
        ]
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/sites.geojson",
        summary="All of them as GeoJSON",
        responses=_geojson(geojson.feature(_SITE)),
        response_class=_Features,
    )
    async def every(held: _Held = "") -> Response:
        found = await to_thread.run_sync(atlas.sites)
        return _kept([geojson.feature(site) for site in found], held)

    @routes.get("/sites/{site}", summary="One site", responses=answers(Site, _SITE, tagged=True))
    async def one(site: Annotated[str, Path(max_length=64, examples=["bima"])]) -> Response:
        found = await to_thread.run_sync(atlas.site, site)
        return reply(found, headers=etags.header(found.revision))

    return routes


def _points(atlas: Atlas) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/places", tags=["places"], dependencies=[access.public()])

    @routes.get("/at", summary="What a point belongs to", responses=answers(Spot, _SPOT))
    async def at(longitude: _Longitude, latitude: _Latitude) -> Response:
        return reply(await to_thread.run_sync(atlas.at, longitude, latitude))

    @routes.get(
        "/near",
        summary="Sites near a point, nearest first",
        responses=answers(Nearby, Nearby(items=[Near(site=_SITE, metres=41.5)])),
    )
    async def near(
        longitude: _Longitude,
        latitude: _Latitude,
        within: Annotated[float, Query(gt=0, le=FARTHEST, description="Metres")] = 5_000.0,
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> Response:
        found = await to_thread.run_sync(lambda: atlas.near(longitude, latitude, within=within, limit=limit))
        return reply(Nearby(items=found))

    return routes


def _feature(area: Area, outline: dict[str, Any] | None) -> dict[str, Any]:
    properties = {"name": area.name, "level": area.level, "parent": area.parent}
    return {"type": "Feature", "id": area.code, "geometry": outline, "properties": properties}


def _kept(features: list[dict[str, Any]], held: str) -> Response:
    """The collection, or that what the client holds is still right."""
    body = msgspec.json.encode(geojson.collection(features))
    tag = etags.of(zlib.crc32(body))
    if tag in {one.strip().removeprefix("W/") for one in held.split(",")}:
        return Response(status_code=304, headers={"ETag": tag})
    return _Features(body, headers={"ETag": tag})


def _geojson(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    collection = msgspec.json.decode(msgspec.json.encode(geojson.collection([example])))
    content = {geojson.MEDIA_TYPE: {"schema": {"type": "object"}, "example": collection}}
    return {
        200: {"description": "A FeatureCollection (RFC 7946)", "content": content},
        304: {"description": "What `If-None-Match` names is still right"},
    }
