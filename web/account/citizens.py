"""Citizens come in by a one-time code to their phone or mailbox."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from city.identity import contacts
from city.identity.errors import BadSignIn, TooMany, Unsent
from city.identity.wiring import Identity
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, back, forms, language
from web.account.cookies import Cookies
from web.account.texts import retry_after, waits
from web.pages import render

ROOT = "/masuk/warga"
CONTACT = Text(
    id="Tulis nomor ponsel seperti 0812… atau alamat surel seperti nama@contoh.id",
    en="Give a phone number such as 0812… or an e-mail address such as name@example.id",
)
UNSENT = Text(
    id="Kode tidak dapat dikirim saat ini. Coba lagi sebentar lagi, atau pakai cara lain.",
    en="The code cannot be sent at this moment. Try again in a while, or another way.",
)
WRONG = Text(
    id="Kode ini tidak cocok, sudah dipakai, atau sudah lewat waktunya. Periksa lagi, atau minta kode baru.",
    en="This code is not right, was used before, or is too old. Look again, or ask for a new one.",
)


def router(identity: Identity, cookies: Cookies) -> APIRouter:
    """Pages under `/masuk/warga`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.public()])

    @routes.get("")
    async def page(request: Request, caller: access.Caller) -> Response:
        place = back.local(request.query_params.get("next", ""))
        if caller.citizen:
            return RedirectResponse(place or back.START, status_code=303)
        return render(request, "account/citizen.html", form=forms.of(contact="", next=place))

    @routes.post("")
    async def send(request: Request, typed: forms.Typed) -> Response:
        text = typed.value("contact").strip()[:320]
        kept = forms.of(contact=text, next=back.local(typed.value("next")))
        came, speaks = cookies.came(request), language.choose(request)
        call = identity.codes.send
        try:
            asked = await to_thread.run_sync(lambda: call(contacts.typed(text), came, language=speaks))
        except (Refused, TooMany, Unsent) as error:
            after = getattr(error, "after", 0)
            told = {Refused: CONTACT, Unsent: UNSENT}.get(type(error)) or waits(after)
            status = {Refused: 422, Unsent: 503}.get(type(error), 429)
            headers = retry_after(after)
            form = kept.but("contact", told)
            return render(request, "account/citizen.html", status=status, headers=headers, form=form)
        form = forms.of(code="", asked=asked.id, contact=text, sent_to=asked.sent_to, next=kept.value("next"))
        return render(request, "account/code.html", form=form)

    @routes.post("/kode")
    async def enter(request: Request, typed: forms.Typed) -> Response:
        asked, code, text = (typed.value(name)[:320] for name in ("asked", "code", "contact"))
        place = back.local(typed.value("next"))
        came, speaks = cookies.came(request), language.choose(request)
        call = identity.codes.enter
        try:
            opened = await to_thread.run_sync(
                lambda: call(asked, contacts.typed(text), code, came, language=speaks)
            )
        except (BadSignIn, Refused):
            sent_to = contacts.masked(text)
            form = forms.of(code="", asked=asked, contact=text, sent_to=sent_to, next=place)
            return render(request, "account/code.html", status=401, form=form.but("code", WRONG))
        response = RedirectResponse(place or back.START, status_code=303)
        cookies.open(response, opened)
        return response

    return routes
