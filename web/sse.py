"""Server-sent events: the platform's events as CloudEvents, in order, resumable by position; never probes.

Clients pull at their own pace from the newest events in memory, or from the outbox where they are further
behind, so no queue can fill. One that does not take what was sent is dropped after a while and may resume.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from city.errors import Failure
from city.identity.caller import Kind
from city.outbox import Positioned, Tail
from city.outbox.consumers import short
from contracts import cloudevents
from contracts.errors import Refused
from web import access
from web.problems import answer, plain
from web.records import text

HEARTBEAT: Final = 15.0  # seconds; below the 30 to 60 after which proxies cut a silent connection
LOOK: Final = 5.0  # seconds after which it is looked anew who listens
STUCK: Final = 20.0  # seconds that one send may take before the client is dropped
RETRY: Final = 2_000  # ms that a browser waits before it comes back
MOST: Final = 500  # streams served at once; more are told to come back
_RECENT: Final = 2_000  # events kept in memory for clients that follow closely
_BATCH: Final = 200  # events taken at once
_POLL: Final = 0.2  # seconds between looks where nothing wakes us
_PAUSE: Final = 2.0  # seconds to wait while the database is away
_EXAMPLE: Final = (
    'id: 42\ndata: {"specversion":"1.0","id":"0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11","source":"/alerts",'
    '"type":"id.go.cirebonkota.imm.alert.firing","subject":"0197a9c4","time":"2026-11-24T10:00:00Z"}\n\n'
)
_TYPE: Final = re.compile(r"[a-z_*]+(\.[a-z_*]+)*")
Look = Callable[[], Awaitable[access.Known]]  # who it is by now
_log: Final = logging.getLogger(__name__)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Told where the place to resume from is no longer kept, or was never given: read the lists again."""

    after: int  # the place that was asked for
    resumed: int  # the place from which events follow


class Stream:
    """The newest events, and the way of each client along them."""

    def __init__(self, newest: Tail, older: Tail) -> None:
        self._newest = newest
        self._older = older
        self._recent: deque[Positioned] = deque()
        self._floor = 0  # every event after this position, up to the head, is in _recent
        self._head = 0
        self._moved = asyncio.Event()
        self._started = asyncio.Event()
        self._stopped = False
        self.clients = 0

    async def run(self) -> None:
        """Follow the outbox for ever: one reader for all clients. Waits where the database is away."""
        while True:
            try:
                await self._follow()
            except Failure as error:
                _log.warning("events are held up: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, the clients must not wait in silence for ever
                _log.exception("events are held up")
            await asyncio.sleep(_PAUSE)

    def stop(self) -> None:
        """End every client's stream: they come back to another process, or to this one after its start."""
        self._stopped = True
        self._wake()

    async def follow(
        self, position: int | None, types: tuple[str, ...], ears: Ears
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Events of these types (patterns) after a position, or from now on.

        Until it is stopped, or who listens is nobody any more.
        """
        await self._started.wait()
        at, gap = await self._start(position)
        yield ServerSentEvent(id=str(at), retry=RETRY)  # the place to come back to, also before any event
        if gap is not None:
            yield ServerSentEvent(event="gap", data=msgspec.json.encode(gap).decode())
        while not self._stopped:
            if self._head <= at:
                await self._moved.wait()
                continue
            found, upto = await self._next(at, types)
            if found and not await ears.open():
                return
            for positioned in found:
                if not ears.may(short(positioned.event.type)):
                    continue
                yield ServerSentEvent(
                    id=str(positioned.position), data=cloudevents.encode(positioned.event).decode()
                )
            at = upto

    async def _follow(self) -> None:
        if not self._started.is_set():
            self._head = self._floor = await to_thread.run_sync(self._newest.head)
            self._started.set()
        while True:
            found = await to_thread.run_sync(lambda: self._newest.read(self._head, _BATCH, probes=True))
            self._recent.extend(positioned for positioned in found if not positioned.probe)
            while len(self._recent) > _RECENT:
                self._floor = self._recent.popleft().position
            if found:
                self._head = found[-1].position
                self._wake()
            if len(found) < _BATCH:
                await self._newest.wait(_POLL)

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _start(self, position: int | None) -> tuple[int, Gap | None]:
        if position is None:
            return self._head, None
        if position > self._head:
            return self._head, Gap(after=position, resumed=self._head)
        if position < self._floor:
            before = await to_thread.run_sync(self._older.oldest) - 1
            if 0 < position < before:
                return before, Gap(after=position, resumed=before)
        return position, None

    async def _next(self, at: int, types: tuple[str, ...]) -> tuple[list[Positioned], int]:
        """Wanted events after a place, and the place up to which that were all."""
        head = self._head
        if at >= self._floor:
            return [event for event in self._recent if event.position > at and _wanted(event, types)], head
        found = await to_thread.run_sync(lambda: self._older.read(at, _BATCH, types=types))
        return found, found[-1].position if len(found) == _BATCH else max(at, head)


class Ears:
    """Who listens: asked again while it lasts, since a session may end and a role be taken away meanwhile."""

    def __init__(self, caller: access.Who, look: Look, needs: Mapping[str, str]) -> None:
        self._caller = caller
        self._look = look
        self._needs = needs  # pattern of an event's type → permission to hear of it
        self._looked = asyncio.get_running_loop().time()

    async def open(self) -> bool:
        """Whether it is still somebody; looks anew after a while."""
        now = asyncio.get_running_loop().time()
        if now - self._looked >= LOOK:
            self._caller = (await self._look()).caller
            self._looked = now
        return self._caller.kind != Kind.ANONYMOUS

    def may(self, name: str) -> bool:
        """Whether he may hear of events of this type; of undeclared ones the platform itself alone may."""
        if self._caller.kind == Kind.SYSTEM:
            return True
        needed = [permission for pattern, permission in self._needs.items() if fnmatchcase(name, pattern)]
        return bool(needed) and all(self._caller.may(permission) for permission in needed)


def router(stream: Stream, needs: Mapping[str, str]) -> APIRouter:
    """Route `/api/v1/events`. `needs`: pattern of an event's type → permission to hear of it."""
    routes = APIRouter(tags=["events"])

    @routes.get(
        "/api/v1/events",
        summary="Events as they happen, as CloudEvents (server-sent events)",
        response_class=EventSourceResponse,
        responses=text("text/event-stream", _EXAMPLE),
        dependencies=[access.signed_in()],
    )
    async def events(
        request: Request,
        caller: access.Caller,
        after: Annotated[
            int | None, Query(ge=0, description="Position to resume after; 0 for all kept")
        ] = None,
        types: Annotated[
            str,
            Query(max_length=400, description="Comma-separated: `alert.firing`, `incident.*`; all if empty"),
        ] = "",
        last_event_id: Annotated[str, Header()] = "",
    ) -> Response:
        place = _place(last_event_id) if last_event_id else after
        wanted = _types(types)
        if stream.clients >= MOST:
            return answer(plain(503, f"{MOST} streams are open already"), {"Retry-After": "10"})
        ears = Ears(caller, partial(access.look, request), needs)
        return _Events(stream, place, wanted, ears)

    return routes


class _Events(EventSourceResponse):
    """One client's stream; counted while it lasts, ended where the client takes nothing."""

    def __init__(self, stream: Stream, position: int | None, types: tuple[str, ...], ears: Ears) -> None:
        super().__init__(
            stream.follow(position, types, ears),
            ping=HEARTBEAT,
            sep="\n",
            send_timeout=STUCK,
            ping_message_factory=lambda: ServerSentEvent(comment="heartbeat", sep="\n"),
        )
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._stream.clients += 1
        try:
            await super().__call__(scope, receive, send)
            if self.active:  # we end it, not the client: say that nothing more comes
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except SendTimeoutError:
            _log.info("a reader of events took nothing for %g s and is dropped", STUCK)
        finally:
            self._stream.clients -= 1


def _wanted(positioned: Positioned, types: tuple[str, ...]) -> bool:
    name = short(positioned.event.type)
    return not types or any(fnmatchcase(name, pattern) for pattern in types)


def _place(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Refused("Last-Event-ID", text, "a position: the id of the last event received")
    return int(text)


def _types(text: str) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    for pattern in wanted:
        if not _TYPE.fullmatch(pattern):
            raise Refused("types", pattern, "names such as alert.firing or incident.*, separated by commas")
    return wanted
