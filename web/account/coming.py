"""Coming in by password, and going out."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from city.identity.errors import BadSignIn, Busy, TooMany
from city.identity.sessions import Opened
from city.identity.signin import ENROL
from city.identity.wiring import Identity
from contracts.judgements import Text
from web import access, back, forms
from web.account.cookies import Cookies
from web.account.settings import Oidc
from web.account.texts import retry_after, waits
from web.pages import render

START: Final = "/akun/mulai"  # where an account without a factor is made ready
_STATUS: Final[dict[type[Exception], int]] = {TooMany: 429, Busy: 503}
_WRONG: Final = Text(
    id="Nama masuk atau kata sandi tidak cocok. Coba lagi, atau minta tautan sekali pakai kepada admin.",
    en="Login or password is not right. Try again, or ask an administrator for a one-time link.",
)
Next = Annotated[str, Query(alias="next", max_length=500)]


class Desk:
    """Shows the page of sign-in."""

    def __init__(self, oidc: Oidc) -> None:
        self._sign_on = oidc.title if oidc.issuer else None

    def page(self, request: Request, form: forms.Form, *, status: int = 200, after: float = 0) -> Response:
        """The page with what was typed; `after`: seconds to wait before the next attempt."""
        return render(
            request,
            "account/sign_in.html",
            status=status,
            headers=retry_after(after),
            form=form,
            sign_on=self._sign_on,
        )


def router(identity: Identity, cookies: Cookies, desk: Desk) -> APIRouter:
    """Pages `/masuk` and `/keluar`."""
    routes = APIRouter(include_in_schema=False, dependencies=[access.public()])

    @routes.get(back.SIGN_IN)
    async def sign_in(request: Request, caller: access.Caller, place: Next = "") -> Response:
        place = back.local(place)
        if caller.strong or caller.citizen:
            return onward(place)
        return desk.page(request, forms.of(login="", next=place))

    @routes.post(back.SIGN_IN)
    async def password(request: Request, typed: forms.Typed) -> Response:
        login, secret = typed.value("login"), typed.value("password")
        kept = forms.of(login=login[:120], next=back.local(typed.value("next")))
        came = cookies.came(request)
        try:
            opened = await to_thread.run_sync(lambda: identity.signin.password(login, secret, came))
        except BadSignIn:
            return desk.page(request, kept.but("password", _WRONG), status=401)
        except (TooMany, Busy) as error:
            kept = kept.but("", waits(error.after))
            return desk.page(request, kept, status=_STATUS[type(error)], after=error.after)
        return opened_by(cookies, opened, kept.value("next"))

    @routes.post("/keluar")
    async def sign_out(request: Request) -> Response:
        if token := cookies.token(request):
            await to_thread.run_sync(identity.signin.out, token)
        response = RedirectResponse(back.SIGN_IN, status_code=303)
        cookies.close(response)
        return response

    return routes


def opened_by(cookies: Cookies, opened: Opened, place: str) -> Response:
    """Keep the session, and go on to what must be shown next."""
    if ENROL in opened.next:
        response = onward(START)
    elif opened.next:
        response = onward(back.with_next(back.SECOND, place))
    else:
        response = onward(place)
    cookies.open(response, opened)
    return response


def onward(place: str) -> RedirectResponse:
    """Go on to a place of ours."""
    return RedirectResponse(back.local(place, default=back.START), status_code=303)
