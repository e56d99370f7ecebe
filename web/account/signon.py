"""Coming in by the city's own sign-on."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from city.identity.errors import BadSignIn
from city.identity.wiring import Identity
from web import access, back
from web.account.coming import opened_by
from web.account.cookies import Cookies
from web.account.errors import Declined
from web.account.oidc import SignOn

ROOT = "/masuk/kota"
RETURNS = f"{ROOT}/kembali"  # to which the issuer sends people back
OWN = "/akun/faktor"  # where one's accounts elsewhere are shown


def router(identity: Identity, cookies: Cookies, sign_on: SignOn) -> APIRouter:
    """Pages under `/masuk/kota`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.public()])

    @routes.get("")
    async def start(request: Request) -> Response:
        place = back.local(request.query_params.get("next", ""))
        address, attempt = await to_thread.run_sync(sign_on.start, place)
        response = RedirectResponse(address, status_code=303)
        cookies.begin(response, attempt)
        return response

    @routes.get("/kembali")
    async def finish(request: Request, caller: access.Caller) -> Response:
        attempt, query = cookies.attempt(request), dict(request.query_params)
        found = await to_thread.run_sync(sign_on.finish, query, attempt)
        place = attempt.back if attempt else ""
        if caller.strong and place == OWN:  # signed in already: from now on by this account too
            await to_thread.run_sync(identity.accounts.link, caller, found.issuer, found.subject)
            response: Response = RedirectResponse(OWN, status_code=303)
        else:
            came = cookies.came(request)
            call = identity.accounts.sign_in
            try:
                opened = await to_thread.run_sync(
                    lambda: call(found.issuer, found.subject, came, strong=found.strong, login=found.login)
                )
            except BadSignIn:
                raise Declined("no account here belongs to it") from None
            response = opened_by(cookies, opened, place)
        cookies.finish(response)
        return response

    return routes
