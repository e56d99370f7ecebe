"""One's own phones and mailboxes: seen, added once a code proved them, taken away."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from city.identity import contacts
from city.identity.errors import Again, NotNow, Taken, TooMany, Unknown, Unsent
from city.identity.wiring import Identity
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms
from web.account.citizens import CONTACT, UNSENT, WRONG
from web.account.cookies import Cookies
from web.account.texts import retry_after, waits
from web.pages import render

ROOT: Final = "/akun/alamat"
_TAKEN: Final = Text(
    id="Alamat ini sudah dipakai orang lain untuk masuk. Pakai alamat lain.",
    en="Somebody else comes in by this one. Use another.",
)
_OWN: Final = Text(id="Alamat ini sudah ada pada Anda", en="This one is yours already")
_FULL: Final = Text(
    id="Sudah sebanyak yang dapat disimpan. Hapus salah satu dulu.",
    en="There are as many as can be kept. Remove one first.",
)
_LATELY: Final = Text(
    id="Untuk ini Anda harus baru saja masuk. Keluar, lalu masuk lagi.",
    en="For this you must have signed in just now. Sign out, then in again.",
)
_LAST: Final = Text(
    id="Dengan alamat ini Anda masuk. Tambahkan yang lain sebelum menghapusnya.",
    en="By this one you come in. Add another before you remove it.",
)
_Id = Annotated[str, Path(max_length=64)]
_FIELD: Final = "contact"


def router(identity: Identity) -> APIRouter:
    """Pages under `/akun/alamat`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("")
    async def show(request: Request, caller: access.Caller) -> Response:
        return await _list(request, identity, caller, forms.of(contact=""))

    @routes.post("/{address}/hapus")
    async def remove(request: Request, caller: access.Caller, address: _Id) -> Response:
        blank = forms.of(contact="")
        try:
            await to_thread.run_sync(identity.addresses.remove, caller, address)
        except NotNow:
            return await _list(request, identity, caller, blank.but("", _LAST), 409)
        except Again:
            return await _list(request, identity, caller, _lately(caller, blank), 401)
        except Unknown:  # pressed twice
            pass
        return RedirectResponse(ROOT, status_code=303)

    return routes


def adding(identity: Identity, cookies: Cookies) -> APIRouter:
    """A new one: asked for, and proved by the code that was sent to it."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.post("")
    async def ask(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        text = typed.value(_FIELD).strip()[:320]
        kept, came = forms.of(contact=text), cookies.came(request)
        call = identity.addresses.ask
        try:
            asked = await to_thread.run_sync(lambda: call(caller, contacts.typed(text), came))
        except Again:
            return await _list(request, identity, caller, _lately(caller, kept), 401)
        except (Refused, TooMany, Unsent) as error:
            after = getattr(error, "after", 0)
            told = {Refused: CONTACT, Unsent: UNSENT}.get(type(error)) or waits(after)
            status = {Refused: 422, Unsent: 503}.get(type(error), 429)
            return await _list(request, identity, caller, kept.but(_FIELD, told), status, after)
        return _code_page(request, forms.of(code="", asked=asked.id, contact=text, sent_to=asked.sent_to))

    @routes.post("/kode")
    async def confirm(request: Request, caller: access.Caller, typed: forms.Typed) -> Response:
        asked, code, text = (typed.value(name)[:320] for name in ("asked", "code", _FIELD))
        kept, came = forms.of(contact=text), cookies.came(request)
        call = identity.addresses.confirm
        try:
            await to_thread.run_sync(lambda: call(caller, asked, contacts.typed(text), code, came))
        except Again:
            return await _list(request, identity, caller, _lately(caller, kept), 401)
        except Taken:
            return await _list(request, identity, caller, kept.but(_FIELD, _TAKEN), 409)
        except Refused as error:
            if error.field == "code":
                form = forms.of(code="", asked=asked, contact=text, sent_to=contacts.masked(text))
                return _code_page(request, form.but("code", WRONG))
            told = _OWN if "already" in error.reason else _FULL
            return await _list(request, identity, caller, kept.but(_FIELD, told), 422)
        return RedirectResponse(ROOT, status_code=303)

    return routes


async def _list(
    request: Request,
    identity: Identity,
    caller: access.Who,
    form: forms.Form,
    status: int = 200,
    after: float = 0,
) -> Response:
    """The page; `after`: seconds to wait."""
    found = await to_thread.run_sync(identity.addresses.of, caller)
    context = {"addresses": found, "form": form, "last": caller.citizen and len(found) == 1}
    return render(request, "account/addresses.html", status=status, headers=retry_after(after), **context)


def _code_page(request: Request, form: forms.Form) -> Response:
    return render(request, "account/address.html", status=401 if form.faults else 200, form=form)


def _lately(caller: access.Who, form: forms.Form) -> forms.Form:
    """What is told a citizen, who has no factor to show; others are led to theirs. Raises Again."""
    if not caller.citizen:
        raise Again
    return form.but("", _LATELY)
