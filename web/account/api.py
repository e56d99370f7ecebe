"""`/api/v1/me`: who asks, what he may, and where he is signed in."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path
from starlette.responses import Response

from city.identity.caller import Caller, Grant, Kind
from city.identity.sessions import Method, Session
from city.identity.wiring import Identity
from web import access
from web.records import answers, reply

_Id = Annotated[
    str,
    Path(max_length=64, description="`id` of the session", examples=["0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65"]),
]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks."""

    kind: Kind
    id: str
    name: str  # empty where it is a citizen's
    strong: bool  # he has shown his second factor; always so for apps
    citizen: bool
    session: str  # id of the session, key or token by which he asks
    grants: tuple[Grant, ...]
    permissions: dict[str, list[str] | None]  # what he may → units; null: the whole city


_ME: Final = Me(
    kind=Kind.PERSON,
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    name="Sri Wahyuni",
    strong=True,
    citizen=False,
    session="0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65",
    grants=(Grant(role="dispatcher", programme="tangi", unit=""),),
    permissions={"tangi.incidents.read": None, "tangi.incidents.work": None},
)
_SESSION: Final = Session(
    id=_ME.session,
    person=_ME.id,
    method=Method.PASSWORD,
    agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    address="10.1.7.0/24",
    created=1_795_000_000_000_000,
    seen=1_795_000_420_000_000,
    idle=1_795_002_220_000_000,
    ends=1_795_043_200_000_000,
    strong=1_795_000_012_000_000,
)


def router(identity: Identity) -> APIRouter:
    """Routes under `/api/v1/me`."""
    routes = APIRouter(prefix="/api/v1/me", tags=["sign-in"], dependencies=[access.signed_in()])

    @routes.get("", summary="Who asks, and what he may", responses=answers(Me, _ME))
    async def me(caller: access.Caller) -> Response:
        return reply(of(caller))

    @routes.get(
        "/sessions",
        summary="Where one is signed in, newest first",
        responses=answers(list[Session], [_SESSION]),
    )
    async def sessions(caller: access.Caller) -> Response:
        if caller.kind != Kind.PERSON:
            return reply([])
        return reply(await to_thread.run_sync(identity.doors.of, caller))

    @routes.delete("/sessions/{session}", summary="Sign out elsewhere, or here", status_code=204)
    async def end(caller: access.Caller, session: _Id) -> Response:
        await to_thread.run_sync(identity.doors.end, caller, session)
        return Response(status_code=204)

    return routes


def of(caller: Caller) -> Me:
    """A caller as he is told of himself."""
    return Me(
        kind=caller.kind,
        id=caller.id,
        name=caller.name,
        strong=caller.strong,
        citizen=caller.citizen,
        session=caller.session,
        grants=caller.grants,
        permissions={
            name: None if units is None else sorted(units) for name, units in sorted(caller.reach.items())
        },
    )
