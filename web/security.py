"""Headers that every answer carries, and the refusal of writes that another site starts."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import Fault, Problem, answer

_DIRECTIVES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
POLICY: Final = "; ".join(_DIRECTIVES)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SECURE: Final = "max-age=31536000"  # told over TLS only: over plain HTTP a browser must not believe it
_OURS: Final = "writes are taken from our own pages only"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware: sets the headers; answers 403 where a browser writes from another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _SECURE)
            await send(message)

        if scope["method"] not in _SAFE and (fault := _foreign(Headers(scope=scope))):
            problem = Problem(
                title="Forbidden",
                status=403,
                detail=fault.reason,
                cure="Start again from our own page.",
                errors=(fault,),
            )
            await answer(problem)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def _foreign(headers: Headers) -> Fault | None:
    """What shows that another site started the request, or does not show that ours did.

    Every browser says where a write comes from; tools that are none carry no cookie.
    """
    fetched_from, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if fetched_from not in {None, "same-origin", "none"}:
        return Fault(field="Sec-Fetch-Site", value=str(fetched_from), reason=_OURS)
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return Fault(field="Origin", value=origin, reason=_OURS)
    rides = "cookie" in headers and "authorization" not in headers
    if rides and fetched_from is None and origin is None:
        return Fault(
            field="Origin", value="", reason="missing: a write with a cookie says where it comes from"
        )
    return None
