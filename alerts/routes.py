"""The API of alerts, and their contribution to the web shell."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Depends, Path, Query
from starlette.responses import Response

from alerts import examples
from alerts.desk import Desk, Filters, Told
from alerts.errors import Over, Unknown
from alerts.rights import READ, ROLES, WORK
from city.outbox import Deliverer
from contracts.alerts import Alert, Quiet, State
from contracts.judgements import Severity
from web import access, etags, paging
from web.contribution import Contribution
from web.records import Page, answers, asks, reply

_Id = Annotated[str, Path(max_length=36, description="`id` of the alert", examples=[examples.ALERT.id])]
_Note = Annotated[str, Body(embed=True, max_length=2_000)]
_Reason = Annotated[str, Body(embed=True, min_length=1, max_length=2_000)]
_Until = Annotated[
    str, Body(embed=True, max_length=40, description="RFC 3339 with an offset; at most 30 days ahead")
]
_DESCRIBED: Final = answers(Alert, examples.ALERT, description="The alert as it is now", tagged=True)
_PAGE: Final = answers(Page[Alert], Page(items=[examples.ALERT], next=None))


__all__ = ["READ", "ROLES", "WORK", "contribution", "router"]


def contribution(desk: Desk, *, deliverers: tuple[Deliverer, ...] = ()) -> Contribution:
    """What alerts add to the web side; `deliverers` where this process relays events."""
    return Contribution(
        name="alerts",
        routers=(router(desk),),
        roles=ROLES,
        hears={"alert.*": READ},
        deliverers=deliverers,
        known={Unknown: 404, Over: 409},
    )


def router(desk: Desk) -> APIRouter:
    """Routes under `/api/v1/alerts`."""
    routes = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])
    read, work = [access.needs(READ)], [access.needs(WORK)]

    @routes.get("", summary="Alerts, newest first", responses=_PAGE, dependencies=read)
    async def page(
        more: Annotated[Filters, Depends(_more)],
        state: Annotated[list[State] | None, Query()] = None,
        severity: Annotated[list[Severity] | None, Query()] = None,
        site: Annotated[str, Query(max_length=64)] = "",
        device: Annotated[str, Query(max_length=64)] = "",
        rule: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        filters = msgspec.structs.replace(
            more,
            states=tuple(state or ()),
            severities=tuple(severity or ()),
            site=site,
            device=device,
            rule=rule,
        )
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        items = await to_thread.run_sync(lambda: desk.page(filters, after=after, limit=limit + 1))
        following = paging.cursor(items[limit - 1].id) if len(items) > limit else None
        return reply(Page(items=items[:limit], next=following))

    @routes.get(
        "/{alert}",
        summary="One alert with its history",
        responses=answers(Told, examples.TOLD, tagged=True),
        dependencies=read,
    )
    async def one(alert: _Id) -> Response:
        told = await to_thread.run_sync(desk.told, alert)
        return reply(told, headers=etags.header(told.alert.revision))

    @routes.post(
        "/{alert}/acknowledge",
        summary="Have it in hand",
        responses=_DESCRIBED,
        openapi_extra=asks({"note": "Tim sudah menuju lokasi"}),
        dependencies=work,
    )
    async def acknowledge(alert: _Id, caller: access.Caller, seen: etags.Seen, note: _Note = "") -> Response:
        def act() -> Alert:
            return desk.acknowledge(alert, by=caller.name, note=note, seen=seen)

        return _tagged(await to_thread.run_sync(act))

    @routes.post(
        "/{alert}/silence",
        summary="Tell nobody for a while",
        responses=_DESCRIBED,
        openapi_extra=asks({"until": "2026-11-24T20:00:00+07:00", "reason": "Konser, sudah diketahui"}),
        dependencies=work,
    )
    async def silence(
        alert: _Id, caller: access.Caller, seen: etags.Seen, until: _Until, reason: _Reason
    ) -> Response:
        end = paging.instant("until", until)

        def act() -> Alert:
            return desk.silence(alert, by=caller.name, until=end, reason=reason, seen=seen)

        return _tagged(await to_thread.run_sync(act))

    return routes


def _more(
    group: Annotated[str, Query(max_length=36)] = "",
    quiet: Annotated[list[Quiet] | None, Query(description="Why nobody is told")] = None,
    since: Annotated[str, Query(max_length=40, description="Changed at or after this instant")] = "",
) -> Filters:
    return Filters(
        group=group, quiet=tuple(quiet or ()), since=paging.instant("since", since) if since else 0
    )


def _tagged(alert: Alert) -> Response:
    return reply(alert, headers=etags.header(alert.revision))
