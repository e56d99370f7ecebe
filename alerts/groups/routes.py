"""The API of groups of alerts."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from alerts import examples
from alerts.groups.model import WORST_FIRST, Group, State
from alerts.groups.service import Filters, Groups
from alerts.rights import READ, WORK
from city.db import Database
from contracts.judgements import Severity
from web import access, etags, paging
from web.records import Page, answers, asks, reply

GROUP: Final = Group(
    id="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7c33",
    revision=3,
    grouping="site-rule",
    labels={"site": "bima", "rule": "crowd"},
    site="bima",
    rule="crowd",
    state=State.OPEN,
    severity=Severity.SEVERE,
    count=12,
    firing=9,
    held=1,
    told=11,
    first=examples.TIME,
    last=examples.TIME,
)
_DESCRIBED: Final = answers(Group, GROUP, description="The group as it is now", tagged=True)
_Id = Annotated[str, Path(max_length=36, examples=[GROUP.id])]


def router(db: Database, groups: Groups) -> APIRouter:
    """Routes under `/api/v1/alert-groups`."""
    routes = APIRouter(prefix="/api/v1/alert-groups", tags=["alert-groups"])
    read, work = [access.needs(READ)], [access.needs(WORK)]

    @routes.get(
        "",
        summary="Groups of alerts, the worst first",
        responses=answers(Page[Group], Page(items=[GROUP])),
        dependencies=read,
    )
    async def page(
        state: Annotated[list[State] | None, Query()] = None,
        severity: Annotated[list[Severity] | None, Query()] = None,
        site: Annotated[str, Query(max_length=64)] = "",
        rule: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        filters = Filters(states=tuple(state or ()), severities=tuple(severity or ()), site=site, rule=rule)
        after = paging.place(cursor, tuple[Annotated[int, msgspec.Meta(ge=0, le=9)], str]) if cursor else None
        found = await to_thread.run_sync(lambda: groups.page(filters, after=after, limit=limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        following = paging.cursor(WORST_FIRST.index(last.severity), last.id) if last else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/{group}",
        summary="One group; its alerts are in the list of alerts, by `group`",
        responses=_DESCRIBED,
        dependencies=read,
    )
    async def one(group: _Id) -> Response:
        return _told(await to_thread.run_sync(groups.get, group))

    @routes.post(
        "/{group}/acknowledge",
        summary="Have all of it in hand; over where it becomes worse",
        responses=_DESCRIBED,
        openapi_extra=asks({"note": "Tim sudah menuju lokasi"}),
        dependencies=work,
    )
    async def acknowledge(
        caller: access.Caller,
        group: _Id,
        seen: etags.Seen,
        note: Annotated[str, Body(embed=True, max_length=2_000)] = "",
    ) -> Response:
        def act() -> Group:
            with db.begin() as tx:
                return groups.acknowledge(tx, caller, group, note=note, seen=seen)

        return _told(await to_thread.run_sync(act))

    return routes


def _told(group: Group) -> Response:
    return reply(group, headers=etags.header(group.revision))
