"""The second factor, passkeys (which are both in one), and one-time links."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from city.identity.caller import Caller
from city.identity.errors import BadSignIn, TooMany
from city.identity.factors import FactorKind
from city.identity.links import PATH as LINK
from city.identity.wiring import Identity
from contracts.judgements import Text
from web import access, back, forms
from web.account.coming import START, Desk, Next, onward, opened_by
from web.account.cookies import Cookies
from web.account.texts import retry_after, waits
from web.pages import render
from web.records import reply

PASSWORD: Final = "/akun/sandi"  # noqa: S105 - where a link leads whoever has a factor already
_LONGEST: Final = 20_000  # characters of what a browser says of a passkey
WRONG_CODE: Final = Text(
    id="Kode ini tidak cocok atau sudah dipakai. Tunggu kode berikutnya dan coba lagi.",
    en="This code is not right, or was used before. Wait for the next one and try again.",
)
WRONG_KEY: Final = Text(
    id="Kunci sandi ini tidak cocok. Coba lagi, atau pakai cara lain.",
    en="This passkey does not fit. Try again, or another way.",
)
Credential = Annotated[str, Form(max_length=_LONGEST)]
Challenge = Annotated[str, Form(max_length=400)]
_Token = Annotated[str, Path(max_length=100)]
_Place = Annotated[str, Form(alias="next", max_length=500)]


def router(identity: Identity, cookies: Cookies) -> APIRouter:
    """The page `/masuk/faktor`: for who has shown his password, and for who must show his factor again."""
    routes = APIRouter(prefix=back.SECOND, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("")
    async def page(request: Request, caller: access.Caller, place: Next = "") -> Response:
        return await _page(request, identity, caller, forms.of(code="", next=back.local(place)))

    @routes.post("")
    async def show(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        kind = FactorKind.RECOVERY if typed.value("kind") == FactorKind.RECOVERY else FactorKind.TOTP
        form = forms.of(code="", next=back.local(typed.value("next")))
        form = msgspec.structs.replace(form, id=kind.value)
        token, came = cookies.token(request), cookies.came(request)
        call = identity.signin.second
        try:
            opened = await to_thread.run_sync(lambda: call(token, kind, typed.value("code")[:40], came))
        except BadSignIn:
            return await _page(request, identity, caller, form.but("code", WRONG_CODE), status=401)
        except TooMany as error:
            form = form.but("code", waits(error.after))
            return await _page(request, identity, caller, form, status=429, after=error.after)
        return opened_by(cookies, opened, form.value("next"))

    return routes


def passkeys(identity: Identity, cookies: Cookies, desk: Desk) -> APIRouter:
    """Routes under `/masuk/kunci`, which static/passkey.js asks."""
    routes = APIRouter(prefix="/masuk/kunci", include_in_schema=False, dependencies=[access.public()])

    @routes.post("/tanya")
    async def ask(request: Request, caller: access.Caller) -> Response:
        token = cookies.token(request) if caller.session else ""
        return reply(await to_thread.run_sync(identity.passkeys.ask, token))

    @routes.post("")
    async def show(
        request: Request,
        caller: access.Caller,
        challenge: Challenge = "",
        credential: Credential = "",
        place: _Place = "",
    ) -> Response:
        token = cookies.token(request) if caller.session else ""
        came, told = cookies.came(request), said(credential)
        call = identity.passkeys.show
        try:
            opened = await to_thread.run_sync(lambda: call(challenge, told, came, token))
        except BadSignIn:
            form = forms.of(login="", code="", next=back.local(place)).but("", WRONG_KEY)
            if token:
                return await _page(request, identity, caller, form, status=401)
            return desk.page(request, form, status=401)
        return opened_by(cookies, opened, place)

    return routes


def links(identity: Identity, cookies: Cookies) -> APIRouter:
    """A one-time link: looking does not use it, since mail programs look."""
    routes = APIRouter(prefix=LINK.rstrip("/"), include_in_schema=False, dependencies=[access.public()])

    @routes.get("/{token}")
    async def look(request: Request, token: _Token) -> Response:
        stands = await to_thread.run_sync(identity.signin.stands, token)
        return _link(request, token, stands=stands)

    @routes.post("/{token}")
    async def use(request: Request, token: _Token) -> Response:
        came = cookies.came(request)
        try:
            opened = await to_thread.run_sync(lambda: identity.signin.link(token, came))
        except BadSignIn:
            return _link(request, token, stands=False)
        return opened_by(cookies, opened, PASSWORD)

    return routes


def said(text: str) -> dict[str, Any]:
    """What a browser says of a passkey; nothing where it is no JSON object."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _link(request: Request, token: str, *, stands: bool) -> Response:
    return render(request, "account/link.html", status=200 if stands else 404, token=token, stands=stands)


async def _page(
    request: Request,
    identity: Identity,
    caller: Caller,
    form: forms.Form,
    *,
    status: int = 200,
    after: float = 0,
) -> Response:
    """What asks for the second factor: of those that the caller has."""
    found = await to_thread.run_sync(identity.credentials.factors, caller)
    if not found:
        return onward(START)
    blank = forms.of(code="", next=form.value("next"))
    ways = {
        kind.value: form if form.id == kind else msgspec.structs.replace(blank, id=kind.value)
        for kind in (FactorKind.TOTP, FactorKind.RECOVERY)
    }
    return render(
        request,
        "account/second.html",
        status=status,
        headers=retry_after(after),
        form=form,
        kinds={factor.kind.value for factor in found},
        **ways,
    )
