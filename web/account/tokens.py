"""`/api/v1/oauth/token`: a short-lived token for an app's id and key (OAuth 2.0 client credentials)."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from city.identity.bearers import Issued
from city.identity.errors import BadSignIn
from city.identity.wiring import Identity
from contracts.errors import Refused
from web import access
from web.records import answers, asks, reply

GRANT: Final = "client_credentials"
_Text = Annotated[str, Form(max_length=4_000)]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no token, as RFC 6749 5.2 has it."""

    error: str
    error_description: str


_EXAMPLE: Final = Issued(
    access_token="imt_h0Vn5sM3dQeYc1p8Jt2k7w",  # noqa: S106 - of nobody
    token_type="Bearer",  # noqa: S106 - the word
    expires_in=3_600,
    scope="alerts.alerts.read tangi.incidents.read",
)
_ASKED: Final = {
    "grant_type": GRANT,
    "client_id": "0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65",
    "client_secret": "imk_9mXw2c7Tq4Lr8Vb1",
    "scope": _EXAMPLE.scope,
}
_NO_CLIENT: Final = Refusal(
    error="invalid_client", error_description="the id and the key do not belong together"
)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **answers(Issued, _EXAMPLE),
    **answers(
        Refusal,
        Refusal(error="invalid_scope", error_description="scope: the key does not have it"),
        status=400,
        description="The request is not one that the endpoint takes",
    ),
    **answers(Refusal, _NO_CLIENT, status=401, description="The app's id and key are not right"),
}


def router(identity: Identity) -> APIRouter:
    """The token endpoint."""
    routes = APIRouter(prefix="/api/v1/oauth", tags=["sign-in"], dependencies=[access.public()])

    @routes.post(
        "/token",
        summary="A token for an app's id and key",
        responses=_ANSWERS,
        openapi_extra=asks(_ASKED, "application/x-www-form-urlencoded"),
    )
    async def token(
        request: Request,
        grant_type: _Text = "",
        client_id: _Text = "",
        client_secret: _Text = "",
        scope: _Text = "",
    ) -> Response:
        if grant_type != GRANT:
            told = f"grant_type must be {GRANT}"
            return _refused(Refusal(error="unsupported_grant_type", error_description=told))
        client, secret = _basic(request) or (client_id, client_secret)
        try:
            issued = await to_thread.run_sync(identity.bearers.issue, client, secret, scope)
        except BadSignIn:
            return reply(_NO_CLIENT, status=401, headers={"WWW-Authenticate": "Basic"})
        except Refused as error:
            return _refused(Refusal(error="invalid_scope", error_description=str(error)))
        return reply(issued, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    return routes


def _refused(refusal: Refusal) -> Response:
    return reply(refusal, status=400)


def _basic(request: Request) -> tuple[str, str] | None:
    """Id and key by HTTP Basic, where the app sends them so."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(said, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return unquote_plus(client), unquote_plus(secret)
