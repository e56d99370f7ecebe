"""`/api/v1/people`: accounts of staff and partners, for who manages those of a unit or of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from city.identity.caller import EVERYWHERE, Caller
from city.identity.doors import REVOKE
from city.identity.links import Link
from city.identity.model import Person, PersonKind, PersonState
from city.identity.people import MANAGE, READ
from city.identity.sessions import Method, Session
from city.identity.wiring import Identity
from web import access, etags, once, paging
from web.admin.examples import INVITATION, PERSON, TIME, Invitation
from web.admin.fresh import Fresh
from web.records import Page, answers, asks, reply

_Id = Annotated[str, Path(max_length=64, examples=[PERSON.id])]
_Name = Body(max_length=120, description="As others see it")
_Unit = Body(max_length=64, description="Id; empty: none")
_Why = Annotated[str, Body(embed=True, min_length=1, max_length=500)]
_WHY: Final = {"why": "pindah tugas"}
_SUSPENDED: Final = msgspec.structs.replace(PERSON, state=PersonState.SUSPENDED, revision=4)
_SESSION: Final = Session(
    id="0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65",
    person=PERSON.id,
    method=Method.PASSKEY,
    agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    address="10.1.7.0/24",
    created=TIME,
    seen=TIME,
    idle=TIME + 1_800_000_000,
    ends=TIME + 43_200_000_000,
    strong=TIME,
)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions that were ended."""

    sessions: int


def routers(identity: Identity, fresh: Fresh) -> tuple[APIRouter, ...]:
    """Routes under `/api/v1/people`."""
    return _looking(identity), _inviting(identity, fresh), _changing(identity, fresh), _sessions(identity)


def _looking(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/people", tags=["people"], dependencies=[access.needs(READ)])

    @routes.get(
        "", summary="Staff and partners by name", responses=answers(Page[Person], Page(items=[PERSON]))
    )
    async def page(
        caller: access.Caller,
        q: Annotated[str, Query(max_length=120, description="Part of the name, or the login")] = "",
        unit: Annotated[str, Query(max_length=64)] = "",
        state: PersonState | None = None,
        cursor: Annotated[str, Query(max_length=400)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        after = paging.place(cursor, tuple[str, str]) if cursor else None
        call = identity.people.page
        found = await to_thread.run_sync(
            lambda: call(caller, text=q.strip(), unit=unit, state=state, after=after, limit=limit + 1)
        )
        last = found[limit - 1] if len(found) > limit else None
        return reply(
            Page(items=list(found[:limit]), next=paging.cursor(last.name, last.id) if last else None)
        )

    @routes.get("/{person}", summary="One", responses=answers(Person, PERSON, tagged=True))
    async def one(caller: access.Caller, person: _Id) -> Response:
        return _tagged(await to_thread.run_sync(identity.people.get, caller, person))

    return routes


def _inviting(identity: Identity, fresh: Fresh) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/people", tags=["people"], dependencies=[access.needs(MANAGE)])

    @routes.post(
        "",
        summary="Make an account, and a link that lets its owner in once",
        status_code=201,
        responses=answers(Invitation, INVITATION, status=201),
        openapi_extra=asks({"name": PERSON.name, "login": PERSON.login, "unit": PERSON.unit}),
    )
    async def invite(
        caller: access.Caller,
        once_: once.Required,
        name: Annotated[str, _Name],
        login: Annotated[str, Body(max_length=120, description="By which this person signs in")],
        unit: Annotated[str, _Unit] = EVERYWHERE,
        kind: Annotated[PersonKind, Body()] = PersonKind.STAFF,
        language: Annotated[str, Body(pattern="^(id|en)$")] = "id",
    ) -> Response:
        fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            call = identity.people.invite
            made = await to_thread.run_sync(
                lambda: call(caller, name=name, login=login, unit=unit, kind=kind, language=language)
            )
            return _invitation(identity, made.person, made.link, status=201)

        return await once_.around(work)

    @routes.post(
        "/{person}/renew",
        summary="Take away password and factors, end the sessions, and give a new link",
        responses=answers(Invitation, INVITATION),
        openapi_extra=asks(_WHY),
    )
    async def renew(caller: access.Caller, once_: once.Honoured, person: _Id, why: _Why) -> Response:
        fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            link = await to_thread.run_sync(lambda: identity.people.renew(caller, person, why=why))
            found = await to_thread.run_sync(identity.people.get, caller, person)
            return _invitation(identity, found, link)

        return await once_.around(work)

    return routes


def _changing(identity: Identity, fresh: Fresh) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/people", tags=["people"], dependencies=[access.needs(MANAGE)])
    told = answers(Person, PERSON, tagged=True)

    @routes.patch(
        "/{person}",
        summary="Change what is given",
        responses=told,
        openapi_extra=asks({"unit": "damkar"}),
    )
    async def change(
        caller: access.Caller,
        person: _Id,
        seen: etags.Seen,
        name: Annotated[str | None, _Name] = None,
        unit: Annotated[str | None, _Unit] = None,
        language: Annotated[str | None, Body(pattern="^(id|en)$")] = None,
    ) -> Response:
        call = identity.people.change
        revision = await _revision(identity, caller, person, seen)
        return _tagged(
            await to_thread.run_sync(
                lambda: call(caller, person, revision, name=name, unit=unit, language=language)
            )
        )

    @routes.post(
        "/{person}/suspend",
        summary="Keep somebody out, at once",
        responses=answers(Person, _SUSPENDED, tagged=True),
        openapi_extra=asks(_WHY),
    )
    async def suspend(caller: access.Caller, person: _Id, seen: etags.Seen, why: _Why) -> Response:
        return await turn(identity.people.suspend, caller, person, seen, why)

    @routes.post(
        "/{person}/reinstate",
        summary="Let somebody in again",
        responses=told,
        openapi_extra=asks({"why": "kembali bertugas"}),
    )
    async def reinstate(caller: access.Caller, person: _Id, seen: etags.Seen, why: _Why) -> Response:
        fresh(caller)
        return await turn(identity.people.reinstate, caller, person, seen, why)

    async def turn(
        call: Callable[..., Person], caller: Caller, person: str, seen: int | None, why: str
    ) -> Response:
        revision = await _revision(identity, caller, person, seen)
        return _tagged(await to_thread.run_sync(lambda: call(caller, person, revision, why=why)))

    return routes


def _sessions(identity: Identity) -> APIRouter:
    path = "/api/v1/people/{person}/sessions"
    routes = APIRouter(tags=["people"], dependencies=[access.needs(REVOKE)])

    @routes.get(
        path,
        summary="Where somebody is signed in, newest first",
        responses=answers(Page[Session], Page(items=[_SESSION])),
    )
    async def sessions(caller: access.Caller, person: _Id) -> Response:
        return reply(Page(items=list(await to_thread.run_sync(identity.doors.of, caller, person))))

    @routes.delete(path, summary="Sign somebody out everywhere", responses=answers(Ended, Ended(sessions=2)))
    async def end(caller: access.Caller, person: _Id) -> Response:
        return reply(Ended(sessions=await to_thread.run_sync(identity.doors.end_all, caller, person)))

    return routes


async def _revision(identity: Identity, caller: Caller, person: str, seen: int | None) -> int:
    """What was seen; where that does not matter (`*`), what is now."""
    return seen or (await to_thread.run_sync(identity.people.get, caller, person)).revision


def _tagged(person: Person) -> Response:
    return reply(person, headers=etags.header(person.revision))


def _invitation(identity: Identity, person: Person, link: Link, *, status: int = 200) -> Response:
    address = link.address(identity.settings.address)
    made = Invitation(person=person, link=address, expires=link.expires)
    headers = {"Location": f"/api/v1/people/{person.id}"} if status == 201 else {}
    return reply(made, status=status, headers=headers)
