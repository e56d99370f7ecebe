"""The page `/perangkat/peta`: sites by their worst device on a map, and the devices of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Protocol

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from devices.pages.board import Board, Tally, tallies
from devices.pages.fleet import ROOT
from devices.pages.standing import Line, Standing
from devices.roles import READ
from runtime.clock import Clock
from web import access
from web.pages import render

PATH: Final = f"{ROOT}/peta"
_MOST: Final = 500  # devices of one site that are drawn; the list has all
Position = tuple[float, float]  # longitude and latitude


class Spot(Protocol):
    """A place of the city (city.geography.Site)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def longitude(self) -> float: ...
    @property
    def latitude(self) -> float: ...


def router(board: Board, sites: Callable[[], Iterable[Spot]], clock: Clock) -> APIRouter:
    """The page. `sites`: places of the city with a name; blocks."""
    routes = APIRouter(include_in_schema=False)

    def told(caller: access.Who, site: str) -> dict[str, Any]:
        now = clock.now()
        known = {one.id: one for one in sites()}
        lines = [one for one in board.lines(caller) if one.standing(now) is not Standing.RETIRED]
        found = tallies((one.device.site, one.standing(now)) for one in lines)
        if not site and len(found) == 1:  # one dot says little: its devices
            site = found[0].name
        if site:
            lines = sorted((one for one in lines if one.device.site == site), key=lambda one: one.rank(now))
            title = known[site].title if site in known else site
            placed = [one for one in lines if one.device.longitude is not None]
            return {"site": site, "title": title, "lines": lines, "placed": placed[:_MOST]}
        return {"site": "", "tallies": [_told(one, known, lines) for one in found]}

    @routes.get(PATH, dependencies=[access.needs(READ)])
    async def page(
        request: Request, caller: access.Caller, site: Annotated[str, Query(max_length=64)] = ""
    ) -> Response:
        here = f"{PATH}?{request.url.query}" if request.url.query else PATH
        found = await to_thread.run_sync(told, caller, site.strip())
        return render(request, "devices/map.html", here=here, **found)

    return routes


def _told(tally: Tally, known: Mapping[str, Spot], lines: Iterable[Line]) -> dict[str, Any]:
    spot = known.get(tally.name)
    position = (spot.longitude, spot.latitude) if spot else _middle(tally.name, lines)
    return {
        "id": tally.name,
        "title": spot.title if spot else tally.name,
        "counts": tally.counts,
        "worst": tally.worst,
        "total": tally.total,
        "position": position,
    }


def _middle(site: str, lines: Iterable[Line]) -> Position | None:
    """Where a site without a place of its own is: amid its devices; None where none has one."""
    found = [
        (one.device.longitude, one.device.latitude)
        for one in lines
        if one.device.site == site and one.device.longitude is not None and one.device.latitude is not None
    ]
    if not found:
        return None
    return sum(one[0] for one in found) / len(found), sum(one[1] for one in found) / len(found)
