"""One's own password and factors: chosen, added, taken away; and the way of a new account to its first."""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Form, Path, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from city.identity.errors import BadSignIn, NotNow
from city.identity.factors import FactorKind
from city.identity.sessions import Opened
from city.identity.totp import Enrolment
from city.identity.wiring import Identity
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, back, forms
from web.account.coming import START
from web.account.cookies import Cookies
from web.account.second import PASSWORD, WRONG_CODE, WRONG_KEY, Challenge, Credential, said
from web.pages import render
from web.records import reply

ROOT: Final = "/akun/faktor"
CODES: Final = "/akun/kode"
FACTOR: Final = f"{START}?langkah=2"  # the second step of a new account
_DIFFERS: Final = Text(id="Kedua isian tidak sama", en="The two are not the same")
_APP: Final = Text(id="Aplikasi kode", en="Code app")
_KEY: Final = Text(id="Kunci sandi", en="Passkey")
_Id = Annotated[str, Path(max_length=64)]
_Label = Annotated[str, Form(max_length=80)]


def router(identity: Identity, cookies: Cookies) -> APIRouter:
    """Pages under `/akun/faktor`: what is shown after the password."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("")
    async def show(request: Request, caller: access.Caller) -> Response:
        return await _list(request, identity, caller, forms.of(label=""))

    @routes.post("/{factor}/hapus")
    async def remove(caller: access.Caller, factor: _Id) -> Response:
        await to_thread.run_sync(identity.credentials.remove, caller, factor)
        return RedirectResponse(ROOT, status_code=303)

    @routes.post("/kota/lepas")
    async def unlink(
        caller: access.Caller,
        issuer: Annotated[str, Form(max_length=200)],
        subject: Annotated[str, Form(max_length=255)],
    ) -> Response:
        await to_thread.run_sync(identity.accounts.unlink, caller, issuer, subject)
        return RedirectResponse(ROOT, status_code=303)

    _apps(routes, identity, cookies)
    _passkeys(routes, identity, cookies)
    return routes


def _apps(routes: APIRouter, identity: Identity, cookies: Cookies) -> None:
    @routes.post("/aplikasi")
    async def begin(request: Request, caller: access.Caller, label: _Label = "") -> Response:
        call = identity.authenticators.begin
        try:
            made = await to_thread.run_sync(lambda: call(caller, label=label.strip() or _APP.id))
        except NotNow:  # a code goes with a password
            return RedirectResponse(PASSWORD if caller.strong else START, status_code=303)
        return _code_page(request, forms.of(code="", id=made.id), made, first=not caller.strong)

    @routes.post("/aplikasi/{factor}")
    async def confirm(request: Request, caller: access.Caller, factor: _Id, typed: forms.Typed) -> Response:
        code = typed.value("code")[:40]
        call = identity.authenticators.confirm
        try:
            opened = await to_thread.run_sync(lambda: call(caller, factor, code))
        except BadSignIn:
            form = forms.of(code="", id=factor).but("code", WRONG_CODE)
            return _code_page(request, form, None, first=not caller.strong, status=401)
        return _added(cookies, opened)


def _passkeys(routes: APIRouter, identity: Identity, cookies: Cookies) -> None:
    @routes.post("/kunci/tanya")
    async def ask(caller: access.Caller) -> Response:
        return reply(await to_thread.run_sync(identity.passkeys.ask_new, caller))

    @routes.post("/kunci")
    async def add(
        request: Request,
        caller: access.Caller,
        label: _Label = "",
        challenge: Challenge = "",
        credential: Credential = "",
    ) -> Response:
        call = identity.passkeys.add
        name = label.strip() or _KEY.id
        try:
            opened = await to_thread.run_sync(lambda: call(caller, challenge, said(credential), label=name))
        except BadSignIn:
            if caller.strong:
                form = forms.of(label=label).but("", WRONG_KEY)
                return await _list(request, identity, caller, form, status=401)
            form = (await _blank(identity, caller)).but("", WRONG_KEY)
            return render(request, "account/start.html", status=401, at=2, form=form)
        return _added(cookies, opened)


async def _list(
    request: Request, identity: Identity, caller: access.Who, form: forms.Form, status: int = 200
) -> Response:
    found = await to_thread.run_sync(identity.credentials.factors, caller)
    accounts = await to_thread.run_sync(identity.accounts.of, caller)
    context: dict[str, Any] = {"factors": found, "accounts": accounts, "form": form}
    return render(request, "account/factors.html", status=status, **context)


def secrets(identity: Identity) -> APIRouter:
    """Pages `/akun/mulai`, `/akun/sandi`, `/akun/kode`: the first steps, password, recovery codes."""
    routes = APIRouter(prefix="/akun", include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("/mulai")
    async def start(request: Request, caller: access.Caller, langkah: int = 1) -> Response:
        if caller.strong:
            return RedirectResponse(back.OWN, status_code=303)
        form = await _blank(identity, caller)
        return render(request, "account/start.html", at=2 if langkah == 2 else 1, form=form)

    @routes.post("/mulai")
    async def choose(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        if fault := await _set(identity, caller, typed):
            form = (await _blank(identity, caller)).but(*fault)
            return render(request, "account/start.html", status=422, at=1, form=form)
        return RedirectResponse(FACTOR, status_code=303)

    @routes.get("/sandi")
    async def password(request: Request, caller: access.Caller) -> Response:
        return render(request, "account/password.html", form=await _blank(identity, caller), done=False)

    @routes.post("/sandi")
    async def change(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        form = await _blank(identity, caller)
        if fault := await _set(identity, caller, typed):
            form = form.but(*fault)
            return render(request, "account/password.html", status=422, form=form, done=False)
        return render(request, "account/password.html", form=form, done=True)

    @routes.get("/kode")
    async def codes(request: Request) -> Response:
        return render(request, "account/codes.html", codes=())

    @routes.post("/kode")
    async def make(request: Request, caller: access.Caller) -> Response:
        made = await to_thread.run_sync(identity.recoveries.renew, caller)
        return render(request, "account/codes.html", codes=made)

    return routes


async def _set(identity: Identity, caller: access.Who, typed: forms.Form) -> tuple[str, Text] | None:
    """Set the password that was typed twice; the field and what is wrong with it where it was not."""
    first, second = typed.value("password"), typed.value("again")
    if first != second:
        return "again", _DIFFERS
    try:
        await to_thread.run_sync(identity.credentials.set_password, caller, first)
    except Refused as error:
        return "password", Text(id=error.reason, en=error.reason)
    return None


async def _blank(identity: Identity, caller: access.Who) -> forms.Form:
    """The form for a password: what was typed is not shown again, and managers learn whose it is."""
    person = await to_thread.run_sync(identity.people.get, caller, caller.id)
    return forms.of(password="", again="", username=person.login)


def _added(cookies: Cookies, opened: Opened | None) -> Response:
    """To the recovery codes after the first factor, to the list after another."""
    response = RedirectResponse(CODES if opened else ROOT, status_code=303)
    if opened:
        cookies.open(response, opened)
    return response


def _code_page(
    request: Request, form: forms.Form, made: Enrolment | None, *, first: bool, status: int = 200
) -> Response:
    """What an authenticator app needs, shown once; after a wrong code only the field."""
    return render(
        request,
        "account/app.html",
        status=status,
        form=form,
        qr=_qr(made.uri) if made else "",
        secret=made.secret if made else "",
        first=first,
        kind=FactorKind.TOTP,
    )


def _qr(text: str) -> Markup:
    import segno

    drawn = segno.make(text, error="m").svg_inline(svgclass="qr", lineclass=None, omitsize=True, light="#fff")
    return Markup(drawn)  # noqa: S704 - a drawing of ours: the text is in its squares alone
