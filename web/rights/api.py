"""`/api/v1/subjects`: have all that is known of a person, or have it erased."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Path
from starlette.responses import Response

from city.privacy import Export, Outcome, Report
from web import access, once
from web.records import Page, answers, asks, reply
from web.rights.desk import Desk
from web.rights.roles import MANAGE

LONGEST: Final = 200  # characters of a reason
_PERSON: Final = "0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90"
_EXPORTED: Final = Report(
    id="0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65",
    subject=_PERSON,
    action="export",
    time=1_795_000_000_000_000,
    parts={"identity": (Outcome(kind="identity.contact", exported=1),)},
)
_ERASED: Final = Report(
    id="0197b0f6-2c4e-7f10-a1d4-9be2c6f07d11",
    subject=_PERSON,
    action="erase",
    time=1_795_000_420_000_000,
    parts={
        "identity": (
            Outcome(kind="identity.contact", erased=1),
            Outcome(kind="identity.person", kept=1, why="UU 43/2009: who acted for the city stays known"),
        )
    },
)
_EXPORT: Final = Export(
    report=_EXPORTED,
    data={"identity": {"identity.contact": [{"kind": "email", "address": "siti@contoh.example"}]}},
)
_WHY: Final = {"why": "Permintaan tertulis 12/PDP/2026"}
_Id = Annotated[str, Path(max_length=64, examples=[_PERSON], description="Id of the person")]
_Why = Annotated[
    str,
    Body(embed=True, min_length=5, max_length=LONGEST, description="Which request; nothing about the person"),
]
_FRESH: Final = "Needs a second factor that was shown just now: an app's key does not suffice."


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/subjects", tags=["personal data"], dependencies=[access.needs(MANAGE)])

    @routes.get(
        "/{person}/reports",
        summary="What was done at a person's requests, oldest first",
        responses=answers(Page[Report], Page(items=[_EXPORTED, _ERASED])),
    )
    async def reports(person: _Id) -> Response:
        return reply(Page(items=await to_thread.run_sync(desk.reports, person)))

    @routes.post(
        "/{person}/export",
        summary="All that is known of a person, to hand to him",
        description=f"{_FRESH} It is kept nowhere.",
        responses=answers(Export, _EXPORT),
        openapi_extra=asks(_WHY),
    )
    async def export(caller: access.Caller, person: _Id, why: _Why) -> Response:
        return reply(await to_thread.run_sync(desk.export, caller, person, why))

    @routes.post(
        "/{person}/erasure",
        summary="Erase a person's data; what is kept, and why, is told",
        description=_FRESH,
        responses=answers(Report, _ERASED),
        openapi_extra=asks(_WHY),
    )
    async def erase(caller: access.Caller, once: once.Required, person: _Id, why: _Why) -> Response:
        desk.fresh(caller)  # before a kept answer is told again, too

        async def work() -> Response:
            return reply(await to_thread.run_sync(desk.erase, caller, person, why))

        return await once.around(work)

    return routes
