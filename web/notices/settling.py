"""Pages under `/pemberitahuan/pilihan`: on which channels one is told, quiet hours, and pushes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from city.notifications import Channel
from city.notifications.preferences import Choices
from city.notifications.subscriptions import Subscription
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms, once
from web.language import choose
from web.notices.own import Own, revision
from web.notices.pages import ROOT
from web.notices.roles import OWN
from web.pages import render

PATH: Final = f"{ROOT}/pilihan"
_HOURS: Final = Text(
    id="Dua jam yang berbeda, misalnya 21.00 dan 06.00", en="Two different times, such as 21:00 and 06:00"
)


class Quiet(StrEnum):
    """Whose quiet hours."""

    CITY = "city"
    OWN = "own"
    NONE = "none"


def router(own: Own) -> APIRouter:
    """The page of choices."""
    routes = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[access.needs(OWN)])

    @routes.get("")
    async def page(request: Request, caller: access.Caller) -> Response:
        return await _page(request, own, caller)

    @routes.post("")
    async def chosen(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        """What is not ticked among what the page showed is not wanted."""
        language = choose(request)
        seen, wanted = _seen(typed), set(typed.all("wanted"))
        shown = [one.rpartition("/") for one in typed.all("shown")]
        changes = {
            (topic, Channel(channel)): f"{topic}/{channel}" in wanted
            for topic, _, channel in shown
            if channel in set(Channel)
        }
        await to_thread.run_sync(lambda: own.choose(caller, changes, seen=seen, language=language))
        return RedirectResponse(PATH, status_code=303)

    @routes.post("/tenang")
    async def quiet(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        language, seen = choose(request), _seen(typed)
        read = forms.Reading(typed)
        which = read.choice("quiet", Quiet)
        hours = {Quiet.CITY: None, Quiet.NONE: ""}.get(
            which or Quiet.CITY, f"{typed.value('from')[:5]}-{typed.value('until')[:5]}"
        )
        if not read.faults:
            call = own.keep_quiet
            try:
                await to_thread.run_sync(lambda: call(caller, hours, seen=seen, language=language))
            except Refused:
                read.wrong("from", _HOURS)
        if read.faults:
            return await _page(request, own, caller, read.form, status=422)
        return RedirectResponse(PATH, status_code=303)

    @routes.post("/peramban")
    async def add(caller: access.Caller, once: once.Typed, typed: forms.Typed) -> Response:
        """What static/push.js filled in."""
        found = Subscription(
            endpoint=typed.value("endpoint"), p256dh=typed.value("p256dh"), auth=typed.value("auth")
        )

        def work(tx: Connection) -> Response:
            own.add(tx, caller, found)
            return RedirectResponse(f"{PATH}#push", status_code=303)

        return await once.within(work)

    @routes.post("/peramban/{browser}/hapus")
    async def remove(caller: access.Caller, browser: Annotated[str, Path(max_length=64)]) -> Response:
        await to_thread.run_sync(own.remove, caller, browser)
        return RedirectResponse(f"{PATH}#push", status_code=303)

    return routes


async def _page(
    request: Request, own: Own, caller: access.Who, form: forms.Form | None = None, *, status: int = 200
) -> Response:
    choices = await to_thread.run_sync(own.choices, caller, choose(request))
    channels = [one for one in Channel if any(one in topic.channels for topic in choices.topics)]
    return render(
        request,
        "notices/choices.html",
        status=status,
        choices=choices,
        channels=channels,
        seen=revision(choices),
        quiet=form or _quiet(choices),
        browsers=await to_thread.run_sync(own.browsers, caller),
        key=own.push_key,
    )


def _quiet(choices: Choices) -> forms.Form:
    which = Quiet.CITY if not choices.own else Quiet.OWN if choices.quiet else Quiet.NONE
    begin, _, end = (choices.quiet or "21:00-06:00").partition("-")
    return forms.of(quiet=which.value, **{"from": begin, "until": end})


def _seen(typed: forms.Form) -> int | None:
    """The revision that the page showed; one that is none is not the present one."""
    text = typed.value("seen")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1
