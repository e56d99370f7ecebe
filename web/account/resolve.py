"""Whose request it is: the app whose key or token it shows, else whoever is signed in, else nobody's."""

from __future__ import annotations

from typing import Final

from anyio import to_thread
from starlette.requests import Request

from city.errors import Unavailable
from city.identity.errors import OverQuota
from city.identity.wiring import Identity
from web.access import Known
from web.account.cookies import Cookies
from web.errors import BadKey

_LONGEST: Final = 300  # characters of a key or token


class Resolve:
    """Asks the identities; a blocking look in a thread, and none where the request shows nothing."""

    def __init__(self, identity: Identity, cookies: Cookies) -> None:
        self._identity = identity
        self._cookies = cookies
        self._nobody = Known(caller=identity.catalogue.anonymous())

    async def __call__(self, request: Request) -> Known:
        """The caller, or why he cannot be known."""
        try:
            if said := request.headers.get("authorization", ""):
                return await self._app(said)
            if token := self._cookies.token(request):
                caller = await to_thread.run_sync(self._identity.doors.caller, token)
                return Known(caller=caller) if caller else self._nobody
        except (OverQuota, Unavailable) as trouble:
            return Known(caller=self._nobody.caller, trouble=trouble)
        return self._nobody

    async def _app(self, said: str) -> Known:
        scheme, _, secret = said.partition(" ")
        if scheme.lower() == "bearer" and len(secret) <= _LONGEST:
            caller = await to_thread.run_sync(self._identity.bearers.caller, secret.strip())
            if caller:
                return Known(caller=caller)
        return Known(caller=self._nobody.caller, trouble=BadKey())
