"""Pages under `/kendali`: what one device should be like and do."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from city.db import Database
from city.errors import Outdated
from contracts import commands
from contracts.errors import Refused
from contracts.judgements import Text
from contracts.roster import Entry, Reader
from devices import reasons
from devices.commands import Desk
from devices.commands.roles import ISSUE
from devices.control import told
from devices.errors import Unknown
from devices.reach import Reach
from devices.roles import READ
from devices.shadow import Shadows
from devices.shadow.roles import WRITE
from web import access, back, forms, once
from web.pages import render

ROOT: Final = "/kendali"
LONGEST: Final = 250  # characters of a reason
_CHANGED: Final = Text(
    id="Keadaan yang diminta berubah sejak Anda membukanya. Periksa, lalu kirim lagi.",
    en="What is desired has changed since you opened it. Look at it, then send again.",
)
_Id = Annotated[str, Path(max_length=64)]


class Room:
    """What these pages stand on."""

    def __init__(self, db: Database, desk: Desk, shadows: Shadows, roster: Reader) -> None:
        self.db = db
        self.desk = desk
        self.shadows = shadows
        self._roster = roster
        self._reach = Reach(roster)

    def told(self, caller: access.Who, device: str) -> dict[str, Any]:
        """All that the page shows. Blocks. Raises Unknown, Forbidden."""
        entry, unit = self._find(device)
        return {
            "device": entry,
            "shadow": told.shadow(self.shadows, caller, entry, unit),
            "commands": told.commands(self.desk, caller, entry, unit),
        }

    def _find(self, device: str) -> tuple[Entry, str]:
        entry = self._roster.get(device)
        if entry is None:
            raise Unknown(device)
        with self.db.read() as tx:
            return entry, self._reach.units(tx, [device]).get(device, "")


def router(room: Room) -> APIRouter:
    """The pages."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    _commanding(routes, room)
    _wishing(routes, room)

    @routes.get("/{device}", dependencies=[access.needs(READ)])
    async def one(request: Request, device: _Id) -> Response:
        return await _show(request, room, device)

    return routes


def _commanding(routes: APIRouter, room: Room) -> None:
    @routes.post("/{device}/perintah", dependencies=[access.needs(ISSUE)])
    async def command(
        request: Request, caller: access.Caller, device: _Id, typed: forms.Typed, once_: once.Typed
    ) -> Response:
        reading = forms.Reading(typed)
        why = reading.text("why", most=LONGEST)
        type_ = reading.choice("type", commands.Type)
        if reading.faults or type_ is None:
            return await _show(request, room, device, reading.form, "command", 422)
        try:
            told = commands.typed(type_, _words("arguments", typed.value("arguments")))
            what = commands.what(type_, told)

            def work(tx: Connection) -> Response:
                room.desk.issue(tx, caller, device, what, why=why)
                return _back(typed, device)

            return await once_.within(work)
        except Refused as error:
            return await _show(request, room, device, reasons.faulty(reading.form, error), "command", 422)


def _wishing(routes: APIRouter, room: Room) -> None:
    @routes.post("/{device}/keadaan", dependencies=[access.needs(WRITE)])
    async def wish(request: Request, caller: access.Caller, device: _Id, typed: forms.Typed) -> Response:
        reading = forms.Reading(typed)
        why, key = reading.text("why", most=LONGEST), reading.text("key", most=40)
        seen = reading.number("version", least=0, most=2**31 - 1)
        if reading.faults:
            return await _show(request, room, device, reading.form, "wish", 422)
        patch = {key: value_of(typed.value("value"))}

        def change() -> None:
            with room.db.begin() as tx:
                room.shadows.change(tx, caller, device, patch, why=why, seen=seen)

        try:
            await to_thread.run_sync(change)
        except Refused as error:
            fault = reasons.told(error.reason)
            return await _show(request, room, device, reading.form.but("value", fault), "wish", 422)
        except Outdated:
            return await _show(request, room, device, reading.form.but("", _CHANGED), "wish", 412)
        return _back(typed, device)


async def _show(
    request: Request,
    room: Room,
    device: str,
    typed: forms.Form | None = None,
    which: str = "",
    status: int = 200,
) -> Response:
    found = await to_thread.run_sync(room.told, access.caller_of(request), device)
    for part, name in (("commands", "command"), ("shadow", "wish")):
        kept = typed if typed is not None and which == name else forms.Form()
        found[part]["form"] = msgspec.structs.replace(kept, id=name)
    return render(request, "control/device.html", status=status, **found)


def _back(typed: forms.Form, device: str) -> Response:
    return RedirectResponse(back.local(typed.value("back")) or f"{ROOT}/{device}", status_code=303)


def _words(field: str, text: str) -> dict[str, str]:
    """`percent=30 seconds=60`, or one a line → name and text. Raises Refused."""
    found: dict[str, str] = {}
    for word in text.split("\n") if "\n" in text else text.split():
        name, equals, value = word.strip().partition("=")
        if not equals or not name:
            raise Refused(field, word, "NAME=VALUE, such as percent=30")
        found[name] = value.strip()
    return found


def value_of(text: str) -> Any:
    """As JSON; what is none is text, and nothing is null."""
    text = text.strip()
    try:
        return msgspec.json.decode(text) if text else None
    except msgspec.MsgspecError:
        return text
