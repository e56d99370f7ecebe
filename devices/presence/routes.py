"""The API of presence: who is there, by device, site and operator, and how that came about."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Final, Literal

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from city.db import Database
from city.identity.caller import Caller
from contracts.presence import Presence, Reason, State
from contracts.roster import Reader as Roster
from devices.presence import records
from devices.presence.records import Change
from devices.presence.tables import presence
from devices.reach import Reach, mine
from devices.registry.examples import DEVICE, TIME
from devices.roles import READ
from web import access, paging
from web.contribution import Contribution
from web.records import Page, answers, reply

_Id = Annotated[str, Path(max_length=64, examples=[DEVICE.device])]
_HERE: Final = Presence(
    device=DEVICE.device,
    site=DEVICE.site,
    state=State.OFFLINE,
    reason=Reason.LOST,
    since=TIME,
    heard=TIME,
    sample=TIME,
    epoch=TIME,
    version="0.1.0",
    raised=TIME + 30_000_000,
)
_STEP: Final = Change(
    id=7, device=DEVICE.device, time=TIME, state=State.OFFLINE, reason=Reason.LOST, epoch=TIME
)


class Count(msgspec.Struct, kw_only=True):
    """How the devices of a site or operator fare."""

    name: str  # of the site or operator; empty: none is named
    never: int = 0
    online: int = 0
    late: int = 0
    offline: int = 0
    flapping: int = 0  # of all these
    maintained: int = 0  # of all these


def contribution(db: Database, roster: Roster) -> Contribution:
    """What presence adds to the web side."""
    return Contribution(name="presence", routers=(router(db, Reach(roster)),))


def router(db: Database, reach: Reach) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["presence"], dependencies=[access.needs(READ)])
    _many(routes, db, reach)
    _one(routes, db, reach)
    return routes


def _many(routes: APIRouter, db: Database, reach: Reach) -> None:
    @routes.get(
        "/presence",
        summary="Whether devices are there, in order of site and device",
        responses=answers(Page[Presence], Page(items=[_HERE])),
    )
    async def page(
        caller: access.Caller,
        site: Annotated[str, Query(max_length=64)] = "",
        state: State | None = None,
        cursor: Annotated[str, Query(max_length=300)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        after = paging.place(cursor, tuple[str, str]) if cursor else None
        where = mine(caller, READ, presence.c.device)
        where += [presence.c.site == site] if site else []
        where += [presence.c.state == state] if state is not None else []

        def read() -> list[Presence]:
            with db.read() as tx:
                return records.some(tx, *where, after=after, limit=limit + 1)

        found = await to_thread.run_sync(read)
        last = found[limit - 1] if len(found) > limit else None
        following = paging.cursor(last.site, last.device) if last else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/presence/counts",
        summary="How many are there, by site or by operator",
        responses=answers(Page[Count], Page(items=[Count(name="bima", online=12, offline=1)])),
    )
    async def counts(caller: access.Caller, by: Literal["site", "operator"] = "site") -> Response:
        def read() -> list[Presence]:
            with db.read() as tx:
                return records.some(tx, *mine(caller, READ, presence.c.device))

        return reply(Page(items=counted(await to_thread.run_sync(read), reach, by)))


def _one(routes: APIRouter, db: Database, reach: Reach) -> None:
    @routes.get(
        "/devices/{device}/presence", summary="Whether one is there", responses=answers(Presence, _HERE)
    )
    async def one(caller: access.Caller, device: _Id) -> Response:
        return reply(await to_thread.run_sync(get, db, reach, caller, device))

    @routes.get(
        "/devices/{device}/presence/changes",
        summary="How it came and went, newest first",
        responses=answers(Page[Change], Page(items=[_STEP])),
    )
    async def changes(
        caller: access.Caller,
        device: _Id,
        cursor: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        before = min(max(paging.place(cursor, tuple[int])[0], 0), 2**62) if cursor else None

        def read() -> list[Change]:
            with db.read() as tx:
                reach.one(tx, caller, READ, device)
                return records.timeline(tx, device, before=before, limit=limit + 1)

        found = await to_thread.run_sync(read)
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))


def get(db: Database, reach: Reach, by: Caller, device: str) -> Presence:
    """One device; of one that presence has not looked at yet nothing is known. Raises Unknown, Forbidden."""
    with db.read() as tx:
        entry = reach.one(tx, by, READ, device)
        found = records.some(tx, presence.c.device == device)
    return found[0] if found else Presence(device=entry.device, site=entry.site, state=State.NEVER)


def counted(found: list[Presence], reach: Reach, by: Literal["site", "operator"]) -> list[Count]:
    """Counts by name, in its order."""
    counts: dict[str, Count] = defaultdict(lambda: Count(name=""))
    for one in found:
        entry = reach.roster.get(one.device)
        name = one.site if by == "site" else entry.operator if entry else ""
        count = counts[name]
        count.name = name
        setattr(count, one.state.value, getattr(count, one.state.value) + 1)
        count.flapping += one.flapping
        count.maintained += one.maintained
    return [counts[name] for name in sorted(counts)]
