"""`/api/v1/notices/choices` and `/browsers`: on which ways one is told, when not, and in which browsers."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from city.notifications import Channel
from city.notifications.preferences import Choice, Choices
from city.notifications.subscriptions import Subscription
from web import access, etags, once
from web.language import choose
from web.notices.own import Own, revision
from web.notices.roles import OWN
from web.records import answers, asks, reply

_CHOICES: Final = Choices(
    topics=(
        Choice(topic="tangi.incidents", title="Insiden", locked=False, channels={"push": True, "sms": False}),
        Choice(topic="account.safety", title="Keamanan akun", locked=True, channels={"sms": True}),
    ),
    quiet="21:00-06:00",
    own=False,
)
_SUBSCRIPTION: Final = Subscription(
    endpoint="https://updates.push.services.mozilla.com/wpush/v2/gAAAAABpX0",
    p256dh="BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
    auth="tBHItJI5svbpez7KI4CCXg",
)
_ID: Final = "0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90"


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes pushes for somebody."""

    id: str
    service: str  # of its push service the name; its address there is a secret


class Browsers(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, ten at most, and what a new one needs."""

    key: str  # `applicationServerKey`; empty: this platform sends no pushes
    items: list[Browser]


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes pushes from now on."""

    id: str


_KEPT: Final = Browsers(
    key=_SUBSCRIPTION.p256dh, items=[Browser(id=_ID, service="updates.push.services.mozilla.com")]
)


def choices(own: Own) -> APIRouter:
    """Routes of choices."""
    routes = APIRouter(prefix="/api/v1/notices/choices", tags=["notices"], dependencies=[access.needs(OWN)])
    described = answers(Choices, _CHOICES, tagged=True)

    @routes.get("", summary="On which ways one is told, and when not", responses=described)
    async def chosen(request: Request, caller: access.Caller) -> Response:
        return _told(await to_thread.run_sync(own.choices, caller, choose(request)))

    @routes.put(
        "/quiet",
        summary="Quiet hours of one's own",
        responses=described,
        openapi_extra=asks({"hours": "22:00-05:30"}),
    )
    async def quiet(
        request: Request,
        caller: access.Caller,
        seen: etags.Seen,
        hours: Annotated[
            str | None,
            Body(embed=True, max_length=11, description="Local hours; empty for none, null for the city's"),
        ],
    ) -> Response:
        language = choose(request)
        call = own.keep_quiet
        return _told(await to_thread.run_sync(lambda: call(caller, hours, seen=seen, language=language)))

    @routes.put(
        "/{topic}/{channel}",
        summary="Be told of a topic on a channel, or not",
        responses=described,
        openapi_extra=asks({"wanted": False}),
    )
    async def change(
        request: Request,
        caller: access.Caller,
        seen: etags.Seen,
        topic: Annotated[str, Path(max_length=64, examples=["tangi.incidents"])],
        channel: Annotated[Channel, Path(examples=["sms"])],
        *,
        wanted: Annotated[bool, Body(embed=True)],
    ) -> Response:
        language = choose(request)
        chosen = {(topic, channel): wanted}
        call = own.choose
        return _told(await to_thread.run_sync(lambda: call(caller, chosen, seen=seen, language=language)))

    return routes


def browsers(own: Own) -> APIRouter:
    """Routes of browsers that take pushes."""
    routes = APIRouter(prefix="/api/v1/notices/browsers", tags=["notices"], dependencies=[access.needs(OWN)])

    @routes.get(
        "", summary="One's browsers that take pushes, oldest first", responses=answers(Browsers, _KEPT)
    )
    async def takers(caller: access.Caller) -> Response:
        found = await to_thread.run_sync(own.browsers, caller)
        items = [Browser(id=id_, service=service) for id_, service in found.items()]
        return reply(Browsers(key=own.push_key, items=items))

    @routes.post(
        "",
        status_code=201,
        summary="Pushes to a browser, as its PushSubscription says",
        responses=answers(Added, Added(id=_ID), status=201),
        openapi_extra=asks(_SUBSCRIPTION),
    )
    async def add_browser(
        caller: access.Caller,
        once: once.Honoured,
        endpoint: Annotated[str, Body(max_length=2_000)],
        p256dh: Annotated[str, Body(max_length=200)],
        auth: Annotated[str, Body(max_length=100)],
    ) -> Response:
        found = Subscription(endpoint=endpoint, p256dh=p256dh, auth=auth)

        def work(tx: Connection) -> Response:
            return reply(Added(id=own.add(tx, caller, found)), status=201)

        return await once.within(work)

    @routes.delete("/{browser}", summary="No more pushes to a browser", status_code=204)
    async def remove_browser(
        caller: access.Caller, browser: Annotated[str, Path(max_length=64, examples=[_ID])]
    ) -> Response:
        await to_thread.run_sync(own.remove, caller, browser)
        return Response(status_code=204)

    return routes


def _told(found: Choices) -> Response:
    return reply(found, headers=etags.header(revision(found)))
