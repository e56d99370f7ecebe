"""Pages under `/peluncuran`: changes of many devices, tried, begun and followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from city.db import Database
from city.errors import Outdated
from contracts.errors import Refused
from contracts.judgements import Text
from contracts.settables import KEYS
from contracts.topics import Kind
from devices import reasons
from devices.control.pages import LONGEST, value_of
from devices.rollouts import Rollouts, Step
from devices.rollouts.errors import Busy, NotNow
from devices.rollouts.model import STAGES
from devices.rollouts.roles import MANAGE
from devices.selector import Selector
from web import access, forms, once, paging
from web.pages import render

ROOT: Final = "/peluncuran"
_PAGE: Final = 50
_SHOWN: Final = 200  # devices of a rollout on its page
_CHANGED: Final = Text(
    id="Peluncuran ini berubah sejak Anda membukanya. Periksa, lalu kirim lagi.",
    en="This rollout has changed since you opened it. Look at it, then send again.",
)
_STEPS: Final = {"jeda": Step.PAUSE, "lanjut": Step.RESUME, "batal": Step.ABORT, "biarkan": Step.LEAVE}
_KINDS: Final = tuple(kind for kind in Kind if kind in KEYS)
_NAMES: Final = {name: key for known in KEYS.values() for name, key in known.items()}
_Id = Annotated[str, Path(max_length=64)]


def router(db: Database, rollouts: Rollouts) -> APIRouter:
    """The pages."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])
    _listed(routes, rollouts)
    _beginning(routes, rollouts)
    _one(routes, db, rollouts)
    return routes


def _listed(routes: APIRouter, rollouts: Rollouts) -> None:
    @routes.get("")
    async def page(
        request: Request, caller: access.Caller, cursor: Annotated[str, Query(max_length=200)] = ""
    ) -> Response:
        after = paging.place(cursor, tuple[int, str]) if cursor else None
        found = await to_thread.run_sync(lambda: rollouts.page(caller, after=after, limit=_PAGE + 1))
        return render(
            request,
            "control/rollouts.html",
            told=reasons.told,
            rollouts=found[:_PAGE],
            stages=STAGES,
            next=paging.cursor(found[_PAGE - 1].created, found[_PAGE - 1].id) if len(found) > _PAGE else None,
            first=not cursor,
        )


def _beginning(routes: APIRouter, rollouts: Rollouts) -> None:
    @routes.get("/baru")
    async def ask(request: Request) -> Response:
        return _form(request, forms.Form())

    @routes.post("/baru")
    async def begin(
        request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed
    ) -> Response:
        reading = forms.Reading(typed)
        title, why = reading.text("title", most=120), reading.text("why", most=LONGEST)
        key = reading.text("key", most=40)
        if reading.faults:
            return _form(request, reading.form, status=422)
        patch = {key: value_of(typed.value("value"))}
        try:
            chosen = _chosen(typed)
            if typed.value("begin") != "1":
                found = await to_thread.run_sync(rollouts.preview, caller, chosen, patch)
                return _form(request, reading.form, preview=found)

            def work(tx: Connection) -> Response:
                made = rollouts.start(tx, caller, chosen, patch, title=title, why=why)
                return RedirectResponse(f"{ROOT}/{made.id}", status_code=303)

            return await once_.within(work)
        except Refused as error:
            names = {"selector": "site", "patch": "key", key: "value"}
            fault = reasons.told(error.reason)
            return _form(request, reading.form.but(names.get(error.field, ""), fault), status=422)
        except Busy as error:
            fault = reasons.told(f"{error.value}: {error.reason}")
            return _form(request, reading.form.but("", fault), status=409)


def _one(routes: APIRouter, db: Database, rollouts: Rollouts) -> None:
    @routes.get("/{rollout}")
    async def one(request: Request, rollout: _Id) -> Response:
        return await show(request, rollout)

    @routes.post("/{rollout}/{step}")
    async def act(
        request: Request, caller: access.Caller, rollout: _Id, step: str, typed: forms.Typed
    ) -> Response:
        reading = forms.Reading(typed)
        why = reading.text("why", most=LONGEST)
        seen = reading.number("revision", least=1, most=2**31)
        wanted = _STEPS.get(step)
        if wanted is None or reading.faults:
            return await show(request, rollout, reading.form, step, 422 if wanted else 404)

        def work() -> None:
            with db.begin() as tx:
                rollouts.step(tx, caller, rollout, wanted, why=why, seen=seen)

        try:
            await to_thread.run_sync(work)
        except Outdated:
            return await show(request, rollout, reading.form.but("", _CHANGED), step, 412)
        except NotNow as error:
            fault = reasons.told(error.reason)
            return await show(request, rollout, reading.form.but("", fault), step, 409)
        return RedirectResponse(f"{ROOT}/{rollout}", status_code=303)

    async def show(
        request: Request, key: str, typed: forms.Form | None = None, step: str = "", status: int = 200
    ) -> Response:
        caller = access.caller_of(request)
        told = await to_thread.run_sync(rollouts.get, caller, key)
        devices = await to_thread.run_sync(lambda: rollouts.devices(caller, key, limit=_SHOWN))
        shown = {path: forms.Form(id=path) for path, name in _STEPS.items() if name in told.steps}
        if typed is not None and step in shown:
            shown[step] = msgspec.structs.replace(typed, id=step)
        return render(
            request,
            "control/rollout.html",
            told=reasons.told,
            status=status,
            rollout=told,
            devices=devices,
            stages=STAGES,
            patch={name: _json(value) for name, value in told.patch.items()},
            forms=shown,
            longest=LONGEST,
        )


def _form(request: Request, form: forms.Form, *, status: int = 200, preview: object = None) -> Response:
    return render(
        request,
        "control/new.html",
        status=status,
        form=form,
        kinds=_KINDS,
        names=sorted(_NAMES.values(), key=lambda key: key.name),
        preview=preview,
        longest=LONGEST,
        json=_json,
    )


def _chosen(typed: forms.Form) -> Selector:
    kind = typed.value("kind")
    fields: Mapping[str, Any] = {
        "site": typed.value("site").strip()[:64],
        "operator": typed.value("operator").strip()[:60],
        "devices": tuple(typed.value("devices").split()[:1_000]),
    }
    return Selector(kind=Kind(kind) if kind in set(Kind) else None, **fields)


def _json(value: object) -> str:
    return "–" if value is None else msgspec.json.encode(value).decode()
