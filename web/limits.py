"""How often one address and one caller may ask, and how much one request may bring: refused, never held."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from city.identity.caller import Kind
from runtime.clock import Clock
from web import access, problems
from web.errors import TooOften
from web.settings import Limits, Pace

KEPT: Final = 20_000  # callers remembered; beyond, the one that has been quiet longest is forgotten
_FREE: Final = ("/static/", "/healthz", "/readyz", "/metrics")  # cheap, or asked by machines that watch us
_HALF_OF_V6: Final = 64  # bits: one household or server has this many addresses


class Counter:
    """Counts by name in bounded memory (generic cell rate algorithm: one number a name)."""

    def __init__(self, pace: Pace, clock: Clock, *, kept: int = KEPT) -> None:
        self._step = 1 / pace.a_second
        self._slack = self._step * (pace.burst - 1)
        self._clock = clock
        self._kept = kept
        self._due: dict[str, float] = {}  # name → when its allowance is whole again; longest quiet first

    def __len__(self) -> int:
        return len(self._due)

    def take(self, name: str) -> float:
        """Seconds to wait before it may be again; 0 where it may be now."""
        now = self._clock.monotonic()
        due = max(self._due.pop(name, now), now)
        wait = due - now - self._slack
        may = wait <= 1e-9  # floats
        self._due[name] = due + self._step if may else due
        while len(self._due) > self._kept:
            del self._due[next(iter(self._due))]
        return 0.0 if may else wait


class Callers:
    """A dependency of every route: limits who is signed in, wherever he asks from."""

    def __init__(self, settings: Limits, clock: Clock) -> None:
        self._counter = Counter(settings.caller, clock)

    async def check(self, caller: access.Caller, request: Request) -> None:
        """Let the caller go on. Raises TooOften."""
        if caller.kind in {Kind.ANONYMOUS, Kind.SYSTEM} or request.url.path.startswith(_FREE):
            return
        if wait := self._counter.take(f"{caller.kind}:{caller.id}"):
            raise TooOften(wait)


class Bounds:
    """ASGI middleware: answers 429 to an address that asks too often, 413 to a body that is too large."""

    def __init__(
        self, app: ASGIApp, *, settings: Limits, clock: Clock, large: Mapping[str, int] | None = None
    ) -> None:
        """`large`: path prefixes whose requests may be larger, in bytes."""
        self._app = app
        self._counter = Counter(settings.address, clock)
        self._body = settings.body
        self._large = dict(large or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        if not path.startswith(_FREE) and (wait := self._counter.take(_address(scope))):
            refusal = TooOften(wait)
            problem = problems.of(refusal, {TooOften: 429})
            await problems.answer(problem, problems.retry_after(refusal))(scope, receive, send)
            return
        most = max([self._body, *(size for prefix, size in self._large.items() if path.startswith(prefix))])
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > most:
            await problems.answer(problems.plain(413, _too_large(most)))(scope, receive, send)
            return
        await self._app(scope, _counted(receive, most), send)


def _counted(receive: Receive, most: int) -> Receive:
    """The same, for a body that does not say how long it is."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, _too_large(most))
        return message

    return counted


def _too_large(most: int) -> str:
    return f"the request is larger than {most} bytes"


def _address(scope: Scope) -> str:
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, _HALF_OF_V6), strict=False))
    return host
