"""Documents and photos of devices, by the API and on their pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from city.files import Links
from city.files.kinds import IMAGES, Kind
from city.files.records import File
from city.identity.caller import Caller
from devices.pages.fleet import ROOT
from devices.pages.sections import Section
from devices.registry.examples import TIME
from devices.registry.model import Device, State
from devices.registry.papers import USE, Papers
from devices.registry.routes import Id
from devices.roles import MANAGE, READ
from web import access, once, uploads
from web.files import link
from web.records import Page, answers, reply

API: Final = "/api/v1/device-files"
PAGES: Final = f"{ROOT}-berkas"
LARGE: Final = {
    API: USE.limit,
    PAGES: USE.limit + 100_000,
}  # bytes of a request; a form has more than its file
_File = Annotated[str, Path(max_length=64, examples=["0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90"])]
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind.value: {"schema": {"type": "string"}, "example": "(bytes)"} for kind in USE.kinds},
    }
}


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a device."""

    id: str
    name: str
    type: str
    size: int  # bytes
    created: int  # µs UTC
    href: str  # for this caller alone, and some minutes
    image: bool


_PAPER: Final = Paper(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    name="tiang.jpg",
    type=Kind.JPEG,
    size=210_000,
    created=TIME,
    href="/berkas/…",
    image=True,
)


def router(papers: Papers, links: Links) -> APIRouter:
    """Routes of both."""
    routes = APIRouter(tags=["devices"])

    @routes.get(
        f"{API}/{{device}}",
        summary="Documents and photos of a device, oldest first",
        responses=answers(Page[Paper], Page(items=[_PAPER])),
        dependencies=[access.needs(READ)],
    )
    async def papers_of(caller: access.Caller, device: Id) -> Response:
        found = await to_thread.run_sync(papers.of, caller, device)
        return reply(Page(items=[_told(links, one, caller) for one in found]))

    @routes.post(
        f"{API}/{{device}}",
        summary="Add one; its kind is told by its content",
        status_code=201,
        responses=answers(Paper, _PAPER, status=201),
        openapi_extra=_BODY,
        dependencies=[access.needs(MANAGE)],
    )
    async def add_paper(
        request: Request,
        caller: access.Caller,
        once_: once.Required,
        device: Id,
        name: Annotated[str, Query(max_length=200, description="As people see it")] = "",
    ) -> Response:
        body = await request.body()

        async def work() -> Response:
            kept = await to_thread.run_sync(papers.add, caller, device, body, name)
            return reply(_told(links, kept, caller), status=201)

        return await once_.around(work)

    @routes.delete(
        f"{API}/{{device}}/{{file}}",
        summary="Remove one",
        status_code=204,
        dependencies=[access.needs(MANAGE)],
    )
    async def remove_paper(caller: access.Caller, device: Id, file: _File) -> Response:
        await to_thread.run_sync(papers.remove, caller, device, file)
        return Response(status_code=204)

    _forms(routes, papers)
    return routes


def _forms(routes: APIRouter, papers: Papers) -> None:
    @routes.post(f"{PAGES}/{{device}}", include_in_schema=False, dependencies=[access.needs(MANAGE)])
    async def add(caller: access.Caller, device: Id, sent: uploads.Sent) -> Response:
        file = await uploads.one(sent, "file")
        if file is not None:
            await to_thread.run_sync(papers.add, caller, device, file.body, file.name)
        return RedirectResponse(f"{ROOT}/{device}#berkas", status_code=303)

    @routes.post(
        f"{PAGES}/{{device}}/{{file}}/hapus", include_in_schema=False, dependencies=[access.needs(MANAGE)]
    )
    async def remove(caller: access.Caller, device: Id, file: _File) -> Response:
        await to_thread.run_sync(papers.remove, caller, device, file)
        return RedirectResponse(f"{ROOT}/{device}#berkas", status_code=303)


def section(papers: Papers, links: Links) -> Section:
    """The card on a device's page."""

    def load(caller: Caller, device: Device) -> Mapping[str, Any]:
        found = [_told(links, one, caller) for one in papers.of(caller, device.device)]
        may = caller.may(MANAGE, unit=device.unit) and device.state is not State.RETIRED
        accept = ",".join(kind.value for kind in USE.kinds)
        return {"files": found, "may": may, "action": f"{PAGES}/{device.device}", "accept": accept}

    return Section(template="devices/papers.html", needs=READ, load=load, order=200)


def _told(links: Links, file: File, caller: Caller) -> Paper:
    image = file.kind in IMAGES
    return Paper(
        id=file.id,
        name=file.name,
        type=file.kind,
        size=file.size,
        created=file.created,
        href=link(links, file.id, caller, inline=image),
        image=image,
    )
