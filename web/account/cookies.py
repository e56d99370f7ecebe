"""Cookies of sign-in: bound to this host, unreadable for scripts, over TLS alone where there is any."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from city.identity.came import Came
from city.identity.sessions import Opened
from contracts.instants import SECOND
from web.account.oidc import Attempt

_DEVICE_LASTS: Final = 365 * 24 * 3600  # seconds
_ATTEMPT_LASTS: Final = 600  # seconds between going to the city's sign-on and coming back
_LONGEST: Final = 2_000  # characters of anything that we read from one


class Cookies:
    """The three cookies; their names say `__Host-` where the platform is reached by https."""

    def __init__(self, address: str) -> None:
        """`address`: at which people reach the platform."""
        self._secure = address.startswith("https:")
        prefix = "__Host-" if self._secure else ""
        self._session = f"{prefix}imm-session"
        self._device = f"{prefix}imm-device"
        self._attempt = f"{prefix}imm-sign-on"

    def token(self, request: Request) -> str:
        """The session's token; empty where there is none."""
        return request.cookies.get(self._session, "")[:_LONGEST]

    def came(self, request: Request) -> Came:
        """From where the request comes."""
        return Came(
            address=request.client.host if request.client else "",
            agent=request.headers.get("user-agent", ""),
            device=request.cookies.get(self._device, "")[:_LONGEST],
        )

    def open(self, response: Response, opened: Opened) -> None:
        """Let the browser keep a session that has just been opened, or goes on under a new token."""
        session = opened.session
        self._set(response, self._session, opened.token, (session.ends - session.seen) // SECOND)
        if opened.device:
            self._set(response, self._device, opened.device, _DEVICE_LASTS)

    def close(self, response: Response) -> None:
        """Let the browser forget its session."""
        self._set(response, self._session, "", 0)

    def begin(self, response: Response, attempt: Attempt) -> None:
        """Let the browser keep what it needs when it comes back from the city's sign-on."""
        text = base64.urlsafe_b64encode(msgspec.json.encode(attempt)).decode().rstrip("=")
        self._set(response, self._attempt, text, _ATTEMPT_LASTS)

    def attempt(self, request: Request) -> Attempt | None:
        """What the browser kept, if it did."""
        text = request.cookies.get(self._attempt, "")[:_LONGEST]
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.json.decode(raw, type=Attempt)
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            return None

    def finish(self, response: Response) -> None:
        """Let the browser forget that it was at the city's sign-on."""
        self._set(response, self._attempt, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        # Lax, not strict: a link in a message to an incident must find its reader signed in. Writes from
        # elsewhere are refused by web.security whatever the cookie says.
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
