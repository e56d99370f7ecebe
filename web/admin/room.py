"""The page of one person or app: it has several forms, and each says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Protocol, TypeVar

from anyio import to_thread
from fastapi import Path, Request
from starlette.responses import RedirectResponse, Response

from web import access, forms, once
from web.admin import words

Id = Annotated[str, Path(max_length=64)]
T = TypeVar("T")
WHY: Final = 500  # characters of a reason


class Room(Protocol):
    """Shows such a page."""

    root: str  # its address without the id

    async def show(
        self, request: Request, caller: access.Who, holder: str, form: forms.Form | None = None
    ) -> Response:
        """The page; `form`: the one of it in which something is wrong."""
        ...


async def attempt(
    room: Room,
    request: Request,
    caller: access.Who,
    holder: str,
    read: forms.Reading,
    work: Callable[[], T],
    *,
    then: Callable[[T], Response] | None = None,
    once_: once.Once | None = None,
) -> Response:
    """Do what a form asks, then show the page anew or what `then` makes of it; or the form with faults."""

    async def respond() -> Response:
        done = await to_thread.run_sync(work)
        return then(done) if then else RedirectResponse(f"{room.root}/{holder}", status_code=303)

    if read.faults:
        return await room.show(request, caller, holder, read.form)
    try:
        return await (once_.around(respond) if once_ else respond())
    except words.Refusal as error:
        return await room.show(request, caller, holder, words.refused(read.form, error))
