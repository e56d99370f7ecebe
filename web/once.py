"""What is sent twice is done once: `Idempotency-Key` on every POST that makes something.

A route takes `once: once.Required` (or `once.Honoured`, where going without is harmless) and answers with

    return await once.within(lambda tx: reply(service.open(tx, ...), status=201))

so that work, claim and answer are one transaction; `around` is for work that has transactions of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from anyio import to_thread
from fastapi import Depends, Header, Request
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from city import idempotency
from city.db import Database
from city.idempotency import Answer, Idempotency
from city.identity.caller import Caller
from web import access
from web.errors import Unkeyed
from web.schemas import REQUIRED

NAME: Final = "Idempotency-Key"
AGAIN: Final = "Idempotency-Replayed"  # header of an answer that was kept from the first time
KNOWN: Final = {
    idempotency.Mismatch: 422,
    idempotency.InProgress: 409,
    idempotency.Lost: 409,
    idempotency.Unkept: 409,
    Unkeyed: 400,
}
_KEPT: Final = frozenset({"content-type", "etag", "location"})  # headers of an answer that are told again
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_LIMIT: Final = 200 + 2  # characters of a key with its quotes
_ABOUT: Final = "A name of your own for this request, best a UUID: sent again, it is answered, not done again"


class Once:
    """One request and its key, or none."""

    def __init__(self, db: Database, service: Idempotency, asked: idempotency.Request | None) -> None:
        self._db = db
        self._service = service
        self._asked = asked

    async def within(self, work: Callable[[Connection], Response]) -> Response:
        """Answer of the work, done in one transaction with its key. Raises what the work does, and KNOWN."""
        asked = self._asked
        if asked is None:
            return await to_thread.run_sync(self._plainly, work)
        answer = await to_thread.run_sync(lambda: self._service.once(asked, lambda tx: _kept(work(tx))))
        return _told(answer)

    async def around(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """The same around work that has transactions of its own; where it fails, nothing counts as done."""
        if self._asked is None:
            return await work()
        found = await to_thread.run_sync(self._service.begin, self._asked)
        if isinstance(found, Answer):
            return _told(found)
        try:
            response = await work()
        except BaseException:
            await to_thread.run_sync(self._service.release, found)
            raise
        await to_thread.run_sync(self._service.finish, found, _kept(response))
        return response

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


Required = Annotated[Once, Depends(_required)]  # Raises Unkeyed, Refused
Honoured = Annotated[Once, Depends(_honoured)]  # Raises Refused


async def _once(request: Request, caller: Caller, key: str) -> Once:
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
    return Once(state.db, state.idempotency, asked)


async def _body(request: Request) -> bytes:
    """What was sent; of a form its fields and the digests of its files, since its boundary changes."""
    if not request.headers.get("content-type", "").startswith(_FORMS):
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
