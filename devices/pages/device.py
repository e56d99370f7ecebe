"""Pages of one device: what is known of it, its certificates and history, and the steps of its life."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from city.db import Database
from city.errors import Outdated
from contracts.errors import Refused
from contracts.judgements import Text
from contracts.roster import Producer, Reader
from devices import reasons
from devices.ca import Authority
from devices.enrolment import Accounts, Claims
from devices.enrolment.ending import Ending
from devices.enrolment.renewing import trouble
from devices.errors import Forbidden, NotNow, Unknown
from devices.pages import plans, timeline
from devices.pages.board import as_device
from devices.pages.fleet import ROOT
from devices.pages.sections import Section, shown
from devices.registry import Device, Registry, State
from devices.registry.routes import written
from devices.registry.service import need
from devices.roles import DISABLE, ENROL, MANAGE, READ
from web import access, forms, paging
from web.pages import render

_HISTORY: Final = 10  # certificates, and lines of the timeline, on the page itself
_PAGE: Final = 50
_CHANGED: Final = Text(
    id="Perangkat ini berubah sejak Anda membukanya. Periksa, lalu kirim lagi.",
    en="This device has changed since you opened it. Look at it, then send again.",
)
_WHY: Final = Text(id="Tulis alasannya", en="Say why")
_Id = Annotated[str, Path(max_length=64)]


class Room:
    """What the pages of one device stand on."""

    def __init__(
        self,
        db: Database,
        registry: Registry,
        *,
        authority: Authority,
        claims: Claims,
        accounts: Accounts,
        ending: Ending,
        roster: Reader,
        sections: tuple[Section, ...] = (),
    ) -> None:
        self.db = db
        self.registry = registry
        self._roster = roster
        self.claims = claims
        self.accounts = accounts
        self.ending = ending
        self._authority = authority
        self._sections = sections

    def told(self, caller: access.Who, device: str) -> dict[str, Any]:
        """All that the page shows. Blocks. Raises Unknown, Forbidden."""
        found, of_file = self.find(caller, device)
        with self.db.read() as tx:
            return {
                "device": found,
                "of_file": of_file,
                "certificates": self._authority.of(tx, device)[:_HISTORY],
                "trouble": trouble(tx, device),
                "account": self.accounts.made(tx, device),
                "open": self.claims.open(tx, caller, found),
                "happenings": timeline.page(tx, device, limit=_HISTORY),
                "told": reasons.told,
                "sections": shown(self._sections, caller, found),
                "may": {
                    name: not of_file and caller.may(permission, unit=found.unit)
                    for name, permission in (("manage", MANAGE), ("enrol", ENROL), ("disable", DISABLE))
                },
            }

    def find(self, caller: access.Who, device: str) -> tuple[Device, bool]:
        """A device, and whether the roster's file alone has it. Blocks. Raises Unknown, Forbidden."""
        try:
            return self.registry.get(caller, device), False
        except Unknown:
            entry = self._roster.get(device)
            if entry is None or isinstance(entry, Producer):
                raise
        need(caller, READ, "")
        return as_device(entry), True


def router(room: Room) -> APIRouter:
    """Pages under `/perangkat/{device}`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    _letting_in(routes, room)
    _changing(routes, room)
    _showing(routes, room)
    return routes


async def _page(
    request: Request, room: Room, device: str, status: int = 200, step: forms.Form | None = None
) -> Response:
    told = await to_thread.run_sync(room.told, access.caller_of(request), device)
    return render(request, "devices/device.html", status=status, step=step or forms.Form(id="step"), **told)


def _showing(routes: APIRouter, room: Room) -> None:
    @routes.get("/{device}", dependencies=[access.needs(READ)])
    async def one(request: Request, device: _Id) -> Response:
        return await _page(request, room, device)

    @routes.get("/{device}/riwayat", dependencies=[access.needs(READ)])
    async def whole(
        request: Request,
        caller: access.Caller,
        device: _Id,
        sort: Annotated[str, Query(max_length=16)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        chosen = next((one for one in timeline.Sort if one == sort), None)
        before = paging.place(cursor, tuple[int, int, int]) if cursor else None

        def read() -> tuple[Device, list[timeline.Happening]]:
            found, _ = room.find(caller, device)
            with room.db.read() as tx:
                return found, timeline.page(tx, device, sort=chosen, before=before, limit=_PAGE + 1)

        found, happenings = await to_thread.run_sync(read)
        more = len(happenings) > _PAGE
        return render(
            request,
            "devices/timeline.html",
            device=found,
            happenings=happenings[:_PAGE],
            sorts=tuple(timeline.Sort),
            chosen=chosen or "",
            told=reasons.told,
            first=not cursor,
            next=paging.cursor(*happenings[_PAGE - 1].place) if more else "",
        )

    @routes.post("/{device}/{step}", dependencies=[access.needs(READ)])
    async def step(
        request: Request, caller: access.Caller, device: _Id, step: str, typed: forms.Typed
    ) -> Response:
        why, stolen = typed.value("why").strip(), bool(typed.value("stolen"))
        verbs = {
            "matikan": partial(room.ending.disable, why=why, stolen=stolen),
            "aktifkan": partial(room.registry.enable, why=why),
            "pensiunkan": partial(room.ending.retire, why=why),
        }
        verb = verbs.get(step)
        if verb is None:
            return await _page(request, room, device, 404)
        if not why:
            return await _page(request, room, device, 422, _with(typed, step).but("why", _WHY))
        try:
            await written(room.db, lambda tx: verb(tx, caller, device))
        except Refused as error:
            return await _page(request, room, device, 422, reasons.faulty(_with(typed, step), error))
        except NotNow as error:
            fault = reasons.told(error.reason)
            return await _page(request, room, device, 409, _with(typed, step).but("", fault))
        return RedirectResponse(f"{ROOT}/{device}", status_code=303)


def _with(typed: forms.Form, step: str) -> forms.Form:
    return forms.Form(id=step, values=typed.values)


def _changing(routes: APIRouter, room: Room) -> None:
    @routes.get("/{device}/ubah", dependencies=[access.needs(MANAGE)])
    async def ask(request: Request, caller: access.Caller, device: _Id) -> Response:
        found = await to_thread.run_sync(room.registry.get, caller, device)
        contact = await to_thread.run_sync(room.registry.contact, caller, device)
        return _form(request, plans.shown(found, contact), found)

    @routes.post("/{device}/ubah", dependencies=[access.needs(MANAGE)])
    async def change(request: Request, caller: access.Caller, device: _Id, typed: forms.Typed) -> Response:
        old = await to_thread.run_sync(room.registry.get, caller, device)
        reading = forms.Reading(typed)
        seen = reading.number("revision", least=1, most=2**31)
        plan, contact, form = plans.read(typed, device, old)
        if form.faults or reading.faults:
            return _form(request, form, old, 422)
        try:
            await written(
                room.db,
                lambda tx: room.registry.change(tx, caller, plan, seen=seen, contact=contact),
            )
        except Refused as error:
            return _form(request, plans.refused(form, error), old, 422)
        except Outdated:
            return _form(request, form.but("", _CHANGED), old, 412)
        except (NotNow, Forbidden) as error:
            return _form(request, form.but("", reasons.told(error.reason)), old, 409)
        return RedirectResponse(f"{ROOT}/{device}", status_code=303)


def _letting_in(routes: APIRouter, room: Room) -> None:
    """Both show a secret once: the answer is kept nowhere, and a new one takes its place."""

    @routes.post("/{device}/ubah/klaim", dependencies=[access.needs(ENROL)])
    async def claim(request: Request, caller: access.Caller, device: _Id) -> Response:
        made = await written(room.db, lambda tx: room.claims.make(tx, caller, device))
        found = await to_thread.run_sync(room.registry.get, caller, device)
        return _once(request, found, made=made, picture=_picture(made.text))

    @routes.post("/{device}/ubah/sandi", dependencies=[access.needs(ENROL)])
    async def password(request: Request, caller: access.Caller, device: _Id) -> Response:
        account = await written(room.db, lambda tx: room.accounts.make(tx, caller, device))
        found = await to_thread.run_sync(room.registry.get, caller, device)
        return _once(request, found, account=account)


def _once(request: Request, device: Device, **told: object) -> Response:
    return render(
        request,
        "devices/claim.html",
        headers={"Cache-Control": "no-store"},
        device=device,
        **{"made": None, "account": None, "picture": "", **told},
    )


def _picture(text: str) -> str:
    """QR code as SVG within the page: the policy of pages lets no address of data in."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=2, dark="#10233f", light="#fff", omitsize=True, svgclass="qr")


def _form(request: Request, form: forms.Form, device: Device, status: int = 200) -> Response:
    fixed = device.state is not State.PLANNED  # its kind stays
    return render(
        request,
        "devices/plan.html",
        status=status,
        form=form,
        kinds=(device.kind,) if fixed else plans.KINDS,
        device=device,
    )
