"""Pages under `/kelola/webhook`: who is told of events at which address, and a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from city.identity.caller import Caller
from city.webhooks.errors import TooMany
from city.webhooks.model import Subscription, Told
from city.webhooks.service import MANAGE, OWN, Webhooks
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms, once, paging
from web.admin import words
from web.admin.trail import Book
from web.pages import render

T = TypeVar("T")
ROOT: Final = "/kelola/webhook"
SAID: Final = {  # what is told in Indonesian where a field is refused
    "url": "Tulis alamat https yang dapat dijangkau dari luar, misalnya https://peta.contoh.id/imm",
    "types": "Ada jenis yang tidak dikenal, atau yang tidak boleh Anda dengar",
    "title": "Paling banyak 120 karakter dalam satu baris",
}
_SIZE: Final = 50
_MANY: Final = Text(
    id="Sudah sebanyak yang dilayani. Hapus satu yang tidak dipakai lagi.",
    en="There are as many as are served. Remove one that nobody needs.",
)


class Desk:
    """Subscriptions of whoever asks, or all for who may manage them."""

    def __init__(self, webhooks: Webhooks, db: Database, book: Book) -> None:
        self.webhooks = webhooks
        self._db = db
        self._book = book

    async def read(self, work: Callable[[Connection], T]) -> T:
        """In a transaction that reads."""

        def run() -> T:
            with self._db.read() as tx:
                return work(tx)

        return await to_thread.run_sync(run)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """In one that writes."""

        def run() -> T:
            with self._db.begin() as tx:
                return work(tx)

        return await to_thread.run_sync(run)

    async def page(self, by: Caller, after: str) -> list[Told]:
        """The next ones, and one more where there are more."""
        return await self.read(lambda tx: self.webhooks.page(tx, by, all_=True, after=after, limit=_SIZE + 1))

    async def owners(self, found: list[Told]) -> dict[str, str]:
        """Owner → his name."""
        return await to_thread.run_sync(self._book.names, {one.subscription.owner for one in found})


def router(desk: Desk) -> APIRouter:
    """The list, and a new one."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(OWN)])

    @routes.get("")
    async def page(
        request: Request, caller: access.Caller, cursor: Annotated[str, Query(max_length=200)] = ""
    ) -> Response:
        (after,) = paging.place(cursor, tuple[str]) if cursor else ("",)
        found = await desk.page(caller, after)
        return render(
            request,
            "admin/hooks.html",
            found=found[:_SIZE],
            owners=await desk.owners(found) if caller.may(MANAGE) else {},
            next=paging.cursor(found[_SIZE - 1].subscription.id) if len(found) > _SIZE else None,
            first=not cursor,
        )

    @routes.get("/baru")
    async def ask(request: Request) -> Response:
        return render(request, "admin/new_hook.html", form=forms.of(url="https://", title="", types=""))

    @routes.post("/baru")
    async def add(request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed) -> Response:
        read = forms.Reading(typed)
        url, title, types = told(read)
        if read.faults:
            return render(request, "admin/new_hook.html", status=422, form=read.form)

        def work(tx: Connection) -> Response:
            made, secret = desk.webhooks.add(tx, caller, url=url, types=types, title=title)
            return secret_page(request, made, secret)

        try:
            return await once_.within(work)
        except (Refused, TooMany) as error:
            form = wrong(typed, error)
            return render(request, "admin/new_hook.html", status=422, form=form)

    return routes


def told(read: forms.Reading) -> tuple[str, str, tuple[str, ...]]:
    """Address, title and types of a form."""
    url = read.text("url", most=2_000)
    title = read.text("title", most=120, least=0)
    types = read.text("types", most=4_000, least=0)
    return url, title, tuple(types.replace(",", " ").split())


def wrong(form: forms.Form, error: Exception) -> forms.Form:
    """The form with what was refused."""
    if isinstance(error, TooMany):
        return form.but("", _MANY)
    return words.refused(form, error, SAID)


def secret_page(request: Request, of: Subscription, secret: str) -> Response:
    """A new secret, shown this once."""
    return render(request, "admin/hook_secret.html", hook=of, secret=secret)
