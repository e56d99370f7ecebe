"""The API of silences."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from alerts import examples
from alerts.quiet.matchers import Matcher, Op
from alerts.quiet.model import LONGEST, Plan, Silence, State
from alerts.quiet.service import Preview, Silences
from alerts.rights import READ, WORK
from city.db import Database
from contracts.instants import HOUR
from web import access, etags, once, paging
from web.records import Page, answers, asks, reply

_TIME: Final = examples.TIME
_SILENCE: Final = Silence(
    id="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7b22",
    revision=1,
    matchers=(
        Matcher(name="site", value="bima"),
        Matcher(name="device", op=Op.PATTERN, value="kiosk-(1|2)"),
    ),
    starts=_TIME,
    ends=_TIME + 2 * HOUR,
    reason="Listrik dipadamkan PLN",
    by="Sri Wahyuni",
    created=_TIME,
    updated=_TIME,
)


class Shown(Silence, frozen=True, kw_only=True):
    """A silence, and where it stands."""

    state: State


_SHOWN: Final = Shown(**msgspec.structs.asdict(_SILENCE), state=State.ACTIVE)
_PREVIEW: Final = Preview(count=1, told=1, sites={"bima": 1}, rules={"crowd": 1}, alerts=[examples.ALERT])
_WISH: Final[dict[str, Any]] = {
    "matchers": [
        {"name": "site", "op": "=", "value": "bima"},
        {"name": "device", "op": "=~", "value": "kiosk-(1|2)"},
    ],
    "ends": "2026-11-24T20:00:00+07:00",
    "reason": "Listrik dipadamkan PLN",
}
_DESCRIBED: Final = answers(Shown, _SHOWN, description="The silence as it is now", tagged=True)
_Id = Annotated[str, Path(max_length=36, examples=[_SILENCE.id])]


class One(BaseModel):
    """One comparison; all of a silence must hold."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=64, description="A label, or site, device, rule, severity")]
    op: Op = Op.EQUAL
    value: Annotated[str, Field(max_length=200, description="With =~ a pattern of RE2 for the whole value")]


class Wish(BaseModel):
    """What is to be silent."""

    model_config = ConfigDict(extra="forbid")
    matchers: Annotated[list[One], Field(min_length=1, max_length=20)]
    starts: Annotated[str, Field(max_length=40, description="RFC 3339 with an offset; empty: now")] = ""
    ends: Annotated[
        str, Field(max_length=40, description="Empty: 30 days after it starts, or once all is resolved")
    ] = ""
    until_resolved: Annotated[
        bool, Field(description="It lapses when the last alert that it holds back has resolved")
    ] = False
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]

    def plan(self, now: int) -> Plan:
        """As silences take it. Raises Refused."""
        starts = paging.instant("starts", self.starts) if self.starts else now
        ends = paging.instant("ends", self.ends) if self.ends else max(starts, now) + LONGEST
        return Plan(
            matchers=tuple(Matcher(name=one.name, op=one.op, value=one.value) for one in self.matchers),
            starts=starts,
            ends=ends,
            until_resolved=self.until_resolved,
            reason=self.reason,
        )


def router(db: Database, silences: Silences) -> APIRouter:
    """Routes under `/api/v1/silences`."""
    routes = APIRouter(prefix="/api/v1/silences", tags=["silences"])
    _reading(routes, silences)
    _making(routes, silences)
    _changing(routes, db, silences)
    return routes


def _reading(routes: APIRouter, silences: Silences) -> None:
    read = [access.needs(READ)]

    @routes.get(
        "",
        summary="Silences, newest first",
        responses=answers(Page[Shown], Page(items=[_SHOWN])),
        dependencies=read,
    )
    async def page(
        state: Annotated[list[State] | None, Query()] = None,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        states = tuple(state or ())
        found = await to_thread.run_sync(lambda: silences.page(states=states, after=after, limit=limit + 1))
        following = paging.cursor(found[limit - 1].id) if len(found) > limit else None
        return reply(Page(items=[_shown(silences, one) for one in found[:limit]], next=following))

    @routes.get("/{silence}", summary="One silence", responses=_DESCRIBED, dependencies=read)
    async def one(silence: _Id) -> Response:
        return _told(silences, await to_thread.run_sync(silences.get, silence))


def _making(routes: APIRouter, silences: Silences) -> None:
    work = [access.needs(WORK)]

    @routes.post(
        "",
        summary="Tell nobody of what these matchers match",
        status_code=201,
        responses=answers(Shown, _SHOWN, status=201, tagged=True),
        openapi_extra=asks(_WISH),
        dependencies=work,
    )
    async def add(caller: access.Caller, once_: once.Required, wish: Wish) -> Response:
        plan = wish.plan(silences.now())

        def act(tx: Connection) -> Response:
            return _told(silences, silences.add(tx, caller, plan), status=201)

        return await once_.within(act)

    @routes.post(
        "/preview",
        summary="What a silence would hold back, before it is made",
        responses=answers(Preview, _PREVIEW),
        openapi_extra=asks(_WISH),
        dependencies=work,
    )
    async def preview(wish: Wish) -> Response:
        plan = wish.plan(silences.now())
        return reply(await to_thread.run_sync(silences.preview, plan))


def _changing(routes: APIRouter, db: Database, silences: Silences) -> None:
    work = [access.needs(WORK)]

    @routes.put(
        "/{silence}",
        summary="Give it another time or reason; its matchers stay",
        responses=_DESCRIBED,
        openapi_extra=asks(_WISH),
        dependencies=work,
    )
    async def change(caller: access.Caller, silence: _Id, seen: etags.Seen, wish: Wish) -> Response:
        plan = wish.plan(silences.now())

        def act() -> Silence:
            with db.begin() as tx:
                return silences.change(tx, caller, silence, plan, seen=seen)

        return _told(silences, await to_thread.run_sync(act))

    @routes.post(
        "/{silence}/end",
        summary="End it before its time; who was not told of what fires is told now",
        responses=_DESCRIBED,
        openapi_extra=asks({"reason": "Listrik sudah menyala"}),
        dependencies=work,
    )
    async def end(
        caller: access.Caller,
        silence: _Id,
        seen: etags.Seen,
        reason: Annotated[str, Body(embed=True, max_length=300)] = "",
    ) -> Response:
        def act() -> Silence:
            with db.begin() as tx:
                return silences.end(tx, caller, silence, reason=reason, seen=seen)

        return _told(silences, await to_thread.run_sync(act))


def _shown(silences: Silences, one: Silence) -> Shown:
    return Shown(**msgspec.structs.asdict(one), state=silences.state(one))


def _told(silences: Silences, one: Silence, *, status: int = 200) -> Response:
    return reply(_shown(silences, one), status=status, headers=etags.header(one.revision))
