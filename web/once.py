"""What is sent twice is done once: `Idempotency-Key` on every POST that makes something.

A route takes `once: once.Required` (or `once.Honoured`, where going without is harmless) and answers with

    return await once.within(lambda tx: reply(service.open(tx, ...), status=201))

so that work, claim and answer are one transaction; `around` is for work that has transactions of its own. A
page's form holds its key in a hidden field (macro `once` of web/parts/forms.html), its route takes `once:
once.Typed`: who presses twice, or sends again after going back, finds what was made the first time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from anyio import to_thread
from fastapi import Depends, Header, Request
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from city import idempotency
from city.db import Database
from city.idempotency import Answer, Idempotency
from city.identity.caller import Caller
from web import access, forms
from web.errors import Unkeyed
from web.schemas import REQUIRED

T = TypeVar("T")
AGAIN: Final = "Idempotency-Replayed"  # header of an answer that was kept from the first time
KNOWN: Final = {
    idempotency.Mismatch: 422,
    idempotency.InProgress: 409,
    idempotency.Lost: 409,
    idempotency.Unkept: 409,
    Unkeyed: 400,
}
FIELD: Final = "once"  # of a page's form
_PATIENCE: Final = 5.0  # seconds that a person waits rather than read that he pressed twice
_PAUSE: Final = 0.1
_KEPT: Final = frozenset({"content-type", "etag", "location"})  # headers of an answer that are told again
_LIMIT: Final = 200 + 2  # characters of a key with its quotes
_ABOUT: Final = "A name of your own for this request, best a UUID: sent again, it is answered, not done again"


class Once:
    """One request and its key, or none."""

    def __init__(
        self, db: Database, service: Idempotency, asked: idempotency.Request | None, *, patience: float = 0.0
    ) -> None:
        """`patience`: seconds to wait for the first request's answer, instead of InProgress at once."""
        self._db = db
        self._service = service
        self._asked = asked
        self._patience = patience

    async def within(self, work: Callable[[Connection], Response]) -> Response:
        """Answer of the work, done in one transaction with its key. Raises what the work does, and KNOWN."""
        asked = self._asked
        if asked is None:
            return await to_thread.run_sync(self._plainly, work)
        return _told(await self._patient(lambda: self._service.once(asked, lambda tx: _kept(work(tx)))))

    async def around(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """The same around work that has transactions of its own; where it fails, nothing counts as done."""
        asked = self._asked
        if asked is None:
            return await work()
        found = await self._patient(lambda: self._service.begin(asked))
        if isinstance(found, Answer):
            return _told(found)
        try:
            response = await work()
        except BaseException:  # also a cancel: nothing was done, so the key is free again
            await to_thread.run_sync(self._service.release, found)
            raise
        await to_thread.run_sync(self._service.finish, found, _kept(response))
        return response

    async def _patient(self, call: Callable[[], T]) -> T:
        """What a call gives, again and again while another works on the same; then InProgress."""
        for _ in range(round(self._patience / _PAUSE)):
            try:
                return await to_thread.run_sync(call)
            except idempotency.InProgress:
                await asyncio.sleep(_PAUSE)
        return await to_thread.run_sync(call)

    def _plainly(self, work: Callable[[Connection], Response]) -> Response:
        with self._db.begin() as tx:
            return work(tx)


async def _required(
    request: Request,
    caller: access.Caller,
    idempotency_key: Annotated[
        str,
        Header(
            max_length=_LIMIT,
            description=_ABOUT,
            examples=['"0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11"'],
            json_schema_extra={REQUIRED: True},
        ),
    ] = "",
) -> Once:
    if not idempotency_key.strip():
        raise Unkeyed
    return await _once(request, caller, idempotency_key)


async def _honoured(
    request: Request,
    caller: access.Caller,
    idempotency_key: Annotated[str, Header(max_length=_LIMIT, description=_ABOUT)] = "",
) -> Once:
    return await _once(request, caller, idempotency_key)


async def _typed(request: Request, caller: access.Caller, typed: forms.Typed) -> Once:
    return await _once(request, caller, typed.value(FIELD)[:_LIMIT], patience=_PATIENCE)


Required = Annotated[Once, Depends(_required)]  # Raises Unkeyed, Refused
Honoured = Annotated[Once, Depends(_honoured)]  # Raises Refused
Typed = Annotated[Once, Depends(_typed)]  # of a page's form. Raises Refused


async def _once(request: Request, caller: Caller, key: str, *, patience: float = 0.0) -> Once:
    state = request.app.state
    if not key.strip():
        return Once(state.db, state.idempotency, None)
    asked = idempotency.Request(
        caller=f"{caller.kind}:{caller.id}",
        key=idempotency.parse(key),
        method=request.method,
        target=f"{request.url.path}?{request.url.query}",
        body=await _body(request),
    )
    return Once(state.db, state.idempotency, asked, patience=patience)


async def _body(request: Request) -> bytes:
    """What was sent; of a form its fields and the digests of its files, since its boundary changes."""
    if not request.headers.get("content-type", "").startswith(forms.TYPES):
        return await request.body()
    digest = hashlib.sha256()
    for name, value in (await request.form()).multi_items():
        digest.update(f"{name}\0{value.filename if isinstance(value, UploadFile) else value}\0".encode())
        if isinstance(value, UploadFile):
            while piece := await value.read(1 << 20):
                digest.update(piece)
            await value.seek(0)
    return digest.digest()


def _kept(response: Response) -> Answer:
    headers = tuple((name, value) for name, value in response.headers.items() if name in _KEPT)
    return Answer(status=response.status_code, headers=headers, body=bytes(response.body))


def _told(answer: Answer) -> Response:
    response = Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
    if answer.again:
        response.headers[AGAIN] = "true"
    return response
