"""Files over HTTP: a link that one caller may follow for a short time, whole or in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from city.audit import Trail
from city.db import Database
from city.files import Files, Links
from city.files.answer import Answer, answer
from city.files.errors import Away, Damaged, Late, Missing, Stale, TooLarge, Unfit
from city.files.links import LONGEST
from city.files.personal import hook
from city.files.store import Content
from city.files.vault import FILE
from city.identity.caller import Caller
from web import access
from web.contribution import Contribution
from web.problems import Known

ROOT: Final = "/berkas"
Trails = Callable[[str], Trail]  # name of a use → where it is noted who saw such a file
KNOWN: Final[Known] = {
    TooLarge: 413,
    Unfit: 422,
    Late: 409,
    Missing: 404,
    Stale: 410,
    Damaged: 500,
    Away: 503,
}


def contribution(
    db: Database,
    files: Files,
    links: Links,
    *,
    trail: Trails | None = None,
    kept: Mapping[str, str] | None = None,
) -> Contribution:
    """The route that every link leads to.

    `trail`: where it is noted who saw a personal file.
    `kept`: use → ground on which its files outlast an erasure.
    """
    return Contribution(
        name="files",
        routers=(_router(db, files, links, trail),),
        subjects=(hook(files, kept),),
        known=KNOWN,
    )


def link(links: Links, file: str, caller: Caller, *, inline: bool = False) -> str:
    """Address of a file for this caller and a few minutes. Who may have it, asks whoever makes the link."""
    return f"{ROOT}/{links.make(file, holder(caller), inline=inline)}"


def holder(caller: Caller) -> str:
    """To whom a link is bound: his session, so that it ends with it."""
    return caller.session or caller.id


def _router(db: Database, files: Files, links: Links, trail: Trails | None) -> APIRouter:
    # Public: the link says who may. It is worth nothing in another session.
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.public()])

    @routes.get("/{token}")
    async def get(
        request: Request, caller: access.Caller, token: Annotated[str, Path(max_length=LONGEST)]
    ) -> Response:
        ticket = links.open(token, holder(caller))
        content = await to_thread.run_sync(_find, db, files, ticket.file)
        found = answer(files, content, dict(request.headers), inline=ticket.inline)
        if trail is not None and content.file.sealed and _first(found):
            await to_thread.run_sync(_note, db, trail(content.file.use), content, caller.id)
        # Else the middleware packs a part as if it were the whole; what names its coding it leaves alone.
        headers = found.headers | {"Content-Encoding": "identity"}
        if found.status not in {200, 206}:
            return Response(status_code=found.status, headers=headers)
        first, rest = await to_thread.run_sync(_begun, found.body)
        return StreamingResponse(_joined(first, rest), status_code=found.status, headers=headers)

    return routes


def _find(db: Database, files: Files, file: str) -> Content:
    with db.read() as tx:
        return files.find(tx, file)


def _first(found: Answer) -> bool:
    """Whether the answer begins a look: the parts that follow are the same one."""
    return found.status == 200 or found.headers.get("Content-Range", "").startswith("bytes 0-")


def _note(db: Database, trail: Trail, content: Content, by: str) -> None:
    with db.begin() as tx:
        trail.looked(tx, by=by, kind=FILE, records=[content.file.id])


def _begun(body: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first piece at once: what is away or damaged is told by the status, not by a broken answer."""
    return next(body, b""), body


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
