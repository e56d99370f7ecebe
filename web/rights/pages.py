"""Pages under `/hak`: find the person who asks, hand his data to him, or erase it after a question."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from city.privacy.errors import Erased
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms
from web.pages import render
from web.records import reply
from web.rights.api import LONGEST
from web.rights.desk import Desk
from web.rights.roles import MANAGE

ROOT: Final = "/hak"
_NOBODY: Final = Text(
    id="Tidak ada akun dengan nomor, surel, nama masuk atau ID ini",
    en="No account has this phone, e-mail, login or id",
)
_SURE: Final = Text(
    id="Centang untuk menegaskan bahwa ini tidak bisa dibatalkan",
    en="Tick to confirm that this cannot be undone",
)
_ERASED: Final = Text(id="Data orang ini sudah dihapus sebelumnya", en="This person's data was erased before")
_Id = Annotated[str, Path(max_length=64)]


def finding(desk: Desk) -> APIRouter:
    """Who asks, and what was done for him; his data to take along."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.get("")
    async def start(request: Request) -> Response:
        return render(request, "rights/start.html", form=forms.of(who=""))

    @routes.post("")
    async def find(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        """By POST: what is typed is a phone or mailbox, and belongs into no address."""
        read = forms.Reading(typed)
        who = read.text("who", most=320)
        found = await to_thread.run_sync(desk.find, caller, who) if who else None
        if found is None:
            read.wrong("who", _NOBODY)
            return render(request, "rights/start.html", status=422, form=read.form)
        return RedirectResponse(f"{ROOT}/{found.id}", status_code=303)

    @routes.get("/{person}")
    async def one(request: Request, person: _Id) -> Response:
        return await _person(request, desk, person)

    @routes.post("/{person}/ambil")
    async def export(request: Request, caller: access.Caller, person: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        why = read.text("why", least=5, most=LONGEST)
        if read.faults:
            return await _person(request, desk, person, read.form, status=422)
        try:
            found = await to_thread.run_sync(desk.export, caller, person, why)
        except Refused as error:
            return await _person(request, desk, person, read.form.refused(error), status=422)
        name = f'attachment; filename="data-{found.report.id}.json"'
        return reply(found, headers={"Content-Disposition": name})

    return routes


def erasing(desk: Desk) -> APIRouter:
    """The question before his data is gone, and its answer."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])

    @routes.get("/{person}/hapus")
    async def ask(request: Request, caller: access.Caller, person: _Id) -> Response:
        desk.fresh(caller)  # asked for before he writes the reason, not after
        return await _question(request, desk, person, forms.of(why="", sure=""))

    @routes.post("/{person}/hapus")
    async def erase(request: Request, caller: access.Caller, person: _Id, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        why = read.text("why", least=5, most=LONGEST)
        if typed.value("sure") != "1":
            read.wrong("sure", _SURE)
        if read.faults:
            return await _question(request, desk, person, read.form, status=422)
        try:
            await to_thread.run_sync(desk.erase, caller, person, why)
        except Refused as error:
            return await _question(request, desk, person, read.form.refused(error), status=422)
        except Erased:
            return await _question(request, desk, person, read.form.but("", _ERASED), status=410)
        return RedirectResponse(f"{ROOT}/{person}", status_code=303)

    return routes


async def _person(
    request: Request, desk: Desk, person: str, form: forms.Form | None = None, *, status: int = 200
) -> Response:
    found = await to_thread.run_sync(desk.get, person)
    reports = await to_thread.run_sync(desk.reports, person)
    if found is None and not reports:
        return RedirectResponse(ROOT, status_code=303)
    return render(
        request,
        "rights/person.html",
        status=status,
        subject=person,
        person=found,
        reports=reports[::-1],
        erased=any(report.action == "erase" for report in reports),
        form=form or forms.of(why=""),
    )


async def _question(
    request: Request, desk: Desk, person: str, form: forms.Form, *, status: int = 200
) -> Response:
    found = await to_thread.run_sync(desk.get, person)
    if found is None:
        return RedirectResponse(ROOT, status_code=303)
    return render(request, "rights/erase.html", status=status, subject=person, person=found, form=form)
