"""The API of rollouts: tried before it is begun, begun once, and in a person's hand until it is over."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from devices.control import asks as wanted
from devices.control import examples
from devices.rollouts import Item, Part, Rollouts, Step
from devices.rollouts.model import Told
from devices.rollouts.roles import MANAGE
from devices.rollouts.service import LONGEST, Preview
from web import access, etags, once, paging
from web.records import Page, answers, asks, reply

_Id = Annotated[str, Path(max_length=64, examples=[examples.ROLLOUT.id])]
_Why = Annotated[str, Body(embed=True, min_length=1, max_length=LONGEST, description="Kept in the trail")]
_Cursor = Annotated[str, Query(max_length=200)]
_AS_IT_IS: Final = answers(Told, examples.ROLLOUT, tagged=True)


def router(db: Database, rollouts: Rollouts) -> APIRouter:
    """Routes under `/api/v1/rollouts`."""
    routes = APIRouter(prefix="/api/v1/rollouts", tags=["rollouts"])
    _beginning(routes, rollouts)
    _reading(routes, rollouts)
    _steps(routes, db, rollouts)
    return routes


def _beginning(routes: APIRouter, rollouts: Rollouts) -> None:
    manage = [access.needs(MANAGE)]

    @routes.post(
        "/preview",
        summary="Which devices would change, from what to what",
        responses=answers(Preview, examples.PREVIEW),
        openapi_extra=asks(examples.TRIAL),
        dependencies=manage,
    )
    async def preview(caller: access.Caller, trial: wanted.Trial) -> Response:
        chosen, plan = trial.whom.selector(), trial.care.plan()
        return reply(await to_thread.run_sync(rollouts.preview, caller, chosen, trial.values, plan))

    @routes.post(
        "",
        summary="Change many devices in stages",
        status_code=201,
        responses=answers(Told, examples.ROLLOUT, status=201, tagged=True),
        openapi_extra=asks(examples.START),
        dependencies=manage,
    )
    async def start(caller: access.Caller, once_: once.Required, begin: wanted.Start) -> Response:
        chosen, plan = begin.whom.selector(), begin.care.plan()

        def work(tx: Connection) -> Response:
            told = rollouts.start(
                tx, caller, chosen, begin.values, title=begin.title, why=begin.why, plan=plan
            )
            return tagged(told, status=201)

        return await once_.within(work)


def _reading(routes: APIRouter, rollouts: Rollouts) -> None:
    manage = [access.needs(MANAGE)]

    @routes.get(
        "",
        summary="Rollouts, newest first",
        responses=answers(Page[Told], Page(items=[examples.ROLLOUT])),
        dependencies=manage,
    )
    async def page(
        caller: access.Caller,
        active: Annotated[bool | None, Query(description="Whether it is not over")] = None,
        cursor: _Cursor = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        found = await to_thread.run_sync(
            lambda: rollouts.page(caller, active=active, after=after, limit=limit + 1)
        )
        following = (
            paging.cursor(found[limit - 1].created, found[limit - 1].id) if len(found) > limit else None
        )
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/{rollout}",
        summary="One rollout; its steps come as events `rollout.*`",
        responses=_AS_IT_IS,
        dependencies=manage,
    )
    async def one(caller: access.Caller, rollout: _Id) -> Response:
        return tagged(await to_thread.run_sync(rollouts.get, caller, rollout))

    @routes.get(
        "/{rollout}/devices",
        summary="Its devices, in the order of their turn",
        responses=answers(Page[Item], Page(items=[examples.ITEM])),
        dependencies=manage,
    )
    async def devices(
        caller: access.Caller,
        rollout: _Id,
        state: Part | None = None,
        cursor: _Cursor = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[int]) if cursor else (-1,)
        found = await to_thread.run_sync(
            lambda: rollouts.devices(caller, rollout, state=state, after=after, limit=limit + 1)
        )
        following = paging.cursor(found[limit - 1].place) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))


_ABOUT: Final = {
    Step.PAUSE: "Change no further device for now",
    Step.RESUME: "Go on",
    Step.ABORT: "End it, and take the change back",
    Step.LEAVE: "End it, and leave as they are the devices that have it",
}


def _steps(routes: APIRouter, db: Database, rollouts: Rollouts) -> None:
    for step, about in _ABOUT.items():
        _step(routes, db, rollouts, step, about)


def _step(routes: APIRouter, db: Database, rollouts: Rollouts, step: Step, about: str) -> None:
    @routes.post(
        f"/{{rollout}}/{step}",
        name=step.value,
        summary=about,
        responses=_AS_IT_IS,
        openapi_extra=asks({"why": "Warga terganggu"}),
        dependencies=[access.needs(MANAGE)],
    )
    async def act(caller: access.Caller, rollout: _Id, seen: etags.Seen, why: _Why) -> Response:
        def work() -> Told:
            with db.begin() as tx:
                return rollouts.step(tx, caller, rollout, step, why=why, seen=seen)

        return tagged(await to_thread.run_sync(work))


def tagged(told: Told, *, status: int = 200) -> Response:
    """The rollout with its revision."""
    return reply(told, status=status, headers=etags.header(told.revision))
