"""Pages under `/aturan`: which rules act, and what one would have done before it is let to."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from alerts.rulebook.errors import Idle, Unknown, Untried
from alerts.rulebook.model import State
from alerts.rulebook.rights import MANAGE, READ
from alerts.rulebook.service import LONGEST, Rulebook
from city.db import Database
from city.errors import Outdated
from contracts.backtest import Report
from contracts.judgements import Text
from web import access, forms
from web.pages import render

ROOT: Final = "/aturan"
_CHANGED: Final = Text(
    id="Aturan ini berubah sejak Anda membukanya. Periksa, lalu kirim lagi.",
    en="This rule has changed since you opened it. Look at it, then send again.",
)
_READ_IT: Final = Text(
    id="Nyatakan bahwa Anda telah membaca apa yang akan dilakukan aturan ini",
    en="Say that you have read what this rule would have done",
)
_Rule = Annotated[str, Path(max_length=64)]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a report is told to people."""

    words: Callable[[Report], list[Text]]
    draw: Callable[[Report, bool], bytes]  # SVG; whether for the night


def router(db: Database, book: Rulebook, reading: Reading) -> APIRouter:
    """The pages, and the pictures on them."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False)
    _looking(routes, book, reading)
    _deciding(routes, db, book, reading)
    return routes


def _looking(routes: APIRouter, book: Rulebook, reading: Reading) -> None:
    read = [access.needs(READ)]

    @lru_cache(maxsize=64)
    def drawn(rule: str, mark: str, *, dark: bool) -> bytes:
        told = book.get(rule)
        if told.backtest is None or told.listed.report != mark:
            raise Unknown(rule)
        return reading.draw(told.backtest, dark)

    @routes.get("", dependencies=read)
    async def every(request: Request) -> Response:
        found, trouble = await to_thread.run_sync(book.listed)
        return render(request, "rulebook/rules.html", rules=found, trouble=trouble)

    @routes.get("/{rule}", dependencies=read)
    async def one(request: Request, rule: _Rule) -> Response:
        return await show(request, book, reading, rule)

    @routes.get("/{rule}/{report}.svg", dependencies=read)
    async def picture(
        rule: _Rule, report: Annotated[str, Path(max_length=64)], *, night: Annotated[bool, Query()] = False
    ) -> Response:
        found = await to_thread.run_sync(lambda: drawn(rule, report, dark=night))
        kept = {"Cache-Control": "private, max-age=86400"}  # its address says of which report it is
        return Response(found, media_type="image/svg+xml", headers=kept)


def _deciding(routes: APIRouter, db: Database, book: Rulebook, reading: Reading) -> None:
    manage = [access.needs(MANAGE)]

    @routes.post("/{rule}/aktifkan", dependencies=manage)
    async def activate(request: Request, caller: access.Caller, rule: _Rule, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        why = read.text("why", most=LONGEST)
        seen = read.number("revision", least=0, most=2**31)
        form = read.form if typed.value("read") == "1" else read.form.but("read", _READ_IT)

        def work(tx: Connection) -> None:
            book.activate(tx, caller, rule, typed.value("report")[:64], why=why, seen=seen)

        return await act(request, rule, form, "aktifkan", work)

    @routes.post("/{rule}/uji", dependencies=manage)
    async def trial(request: Request, caller: access.Caller, rule: _Rule, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        why = read.text("why", most=LONGEST)
        seen = read.number("revision", least=0, most=2**31)

        def work(tx: Connection) -> None:
            book.put_on_trial(tx, caller, rule, why=why, seen=seen)

        return await act(request, rule, read.form, "uji", work)

    async def act(
        request: Request, rule: str, form: forms.Form, step: str, work: Callable[[Connection], None]
    ) -> Response:
        def whole() -> None:
            with db.begin() as tx:
                work(tx)

        if form.faults:
            return await show(request, book, reading, rule, form, step, status=422)
        try:
            await to_thread.run_sync(whole)
        except Outdated:
            return await show(request, book, reading, rule, form.but("", _CHANGED), step, status=412)
        except (Untried, Idle) as error:
            fault = Text(id=error.reason, en=error.reason)
            return await show(request, book, reading, rule, form.but("", fault), step, status=409)
        return RedirectResponse(f"{ROOT}/{rule}", status_code=303)


async def show(
    request: Request,
    book: Rulebook,
    reading: Reading,
    rule: str,
    typed: forms.Form | None = None,
    step: str = "",
    *,
    status: int = 200,
) -> Response:
    """One rule. Raises Unknown."""
    told = await to_thread.run_sync(book.get, rule)
    listed = told.listed
    may = access.caller_of(request).may(MANAGE)
    steps = {
        "aktifkan": may and listed.state in {State.TRIAL, State.CHANGED} and told.backtest is not None,
        "uji": may and listed.state in {State.ACTIVE, State.CHANGED},
    }
    shown = {name: forms.Form(id=name) for name, there in steps.items() if there}
    if typed is not None and step in shown:
        shown[step] = msgspec.structs.replace(typed, id=step)
    return render(
        request,
        "rulebook/rule.html",
        status=status,
        told=told,
        listed=listed,
        report=told.backtest,
        words=reading.words(told.backtest) if told.backtest else [],
        content=_pretty(told.content),
        forms=shown,
        longest=LONGEST,
    )


def _pretty(content: object) -> str:
    return "" if content is None else msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
