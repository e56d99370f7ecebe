"""`/api/v1/clocks`: clocks that rest or failed, and firing one again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from city.audit import Entry, Trail
from city.db import Database
from city.identity.caller import Caller
from city.schedule import desk
from city.schedule.clock import Standing, State
from runtime.clock import Clock
from web import access, paging
from web.letters import MOST
from web.operations.roles import READ, REPLAY
from web.records import Page, answers, reply

_STANDING: Final = Standing(
    id=12,
    kind="tangi.dispatch-due",
    key="TGI-2026-000123",
    due=1_795_000_000_000_000,
    state=State.PARKED,
    remaining=None,
    reason="",
    attempts=8,
    error="Unavailable: the city's database is not available",
    changed=1_795_000_900_000_000,
)
Id = Annotated[int, Path(ge=1, le=MOST, examples=[12])]


class Which(StrEnum):
    """Clocks to look at."""

    PARKED = "parked"  # given up: they wait for an operator
    FAILING = "failing"  # the last firing failed
    PAUSED = "paused"


class Desk:
    """What an operator does with clocks, each step noted in the trail. Calls block: use a thread."""

    def __init__(self, db: Database, clock: Clock, trail: Trail) -> None:
        self._db = db
        self._clock = clock
        self._trail = trail

    def page(self, which: Which, *, after: int, limit: int) -> list[Standing]:
        """In order of their id."""
        if which is Which.FAILING:
            return desk.failing(self._db, after=after, limit=limit)
        return desk.resting(self._db, State(which.value), after=after, limit=limit)

    def replay(self, by: Caller, number: int) -> Standing:
        """Fire one that failed again, at once; as it stood. Raises Unknown, NotParked."""
        with self._db.begin() as tx:
            found = desk.replay(tx, number, now=self._clock.now())
            entry = Entry(by=by.id, action="replayed", kind="schedule.clock", record=str(number))
            self._trail.note(tx, entry)
        return found


def router(clocks: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/clocks", tags=["clocks"])

    @routes.get(
        "",
        summary="Clocks that were given up, fail, or are paused",
        responses=answers(Page[Standing], Page(items=[_STANDING])),
        dependencies=[access.needs(READ)],
    )
    async def page(
        which: Annotated[Which, Query()] = Which.PARKED,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        after = place(cursor)
        found = await to_thread.run_sync(lambda: clocks.page(which, after=after, limit=limit + 1))
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.post(
        "/{clock}/replay",
        summary="Fire one that failed again, at once; it is answered as it stood",
        responses=answers(Standing, _STANDING),
        dependencies=[access.needs(REPLAY)],
    )
    async def replay(caller: access.Caller, clock: Id) -> Response:
        return reply(await to_thread.run_sync(clocks.replay, caller, clock))

    return routes


def place(cursor: str) -> int:
    """Id of a clock in a cursor. Raises Refused."""
    found = paging.place(cursor, tuple[int])[0] if cursor else 0
    return min(max(found, 0), MOST)
