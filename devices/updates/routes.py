"""Versions of the agent as devices fetch them: public, for a signature says what may run, not an address."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path as Folder
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from contracts import updates
from contracts.errors import Refused
from contracts.updates import LIST, SIGNATURE
from devices.roles import READ
from web import access
from web.contribution import Contribution
from web.records import Page, answers, reply, text

ROOT: Final = "/api/v1/agents"
_VERSION: Final = r"^[0-9][0-9A-Za-z.+-]{0,39}$"
_FILE: Final = re.compile(
    rf"{re.escape(LIST)}|{re.escape(SIGNATURE)}|[A-Za-z0-9][A-Za-z0-9_.!+-]{{0,150}}\.whl"
)


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    version: str
    bytes: int  # of its wheels
    sha256: str  # of its list: a command that names it takes no other set


_LAID: Final = Laid(version="0.2.0", bytes=9_437_184, sha256="9f2c" * 16)


def contribution(folder: Folder) -> Contribution:
    """What updates add to the web side; `folder`: where the sets lie, each in one of its version's name."""
    listed = APIRouter(prefix=ROOT, tags=["agents"], dependencies=[access.needs(READ)])
    routes = APIRouter(prefix=ROOT, tags=["agents"], dependencies=[access.public()])

    @listed.get(
        "",
        summary="Versions of the agent that are laid out, newest first",
        responses=answers(Page[Laid], Page(items=[_LAID])),
    )
    def versions() -> Response:
        return reply(Page(items=laid(folder)))

    @routes.get(
        "/{version}/{file}",
        summary="A file of a version of the agent",
        response_class=FileResponse,
        responses=text("application/octet-stream", "the bytes of the file"),
    )
    def get(
        version: Annotated[str, Path(pattern=_VERSION, examples=["0.2.0"])],
        file: Annotated[str, Path(max_length=160, examples=[LIST])],
    ) -> Response:
        path = folder / version / file
        if not _FILE.fullmatch(file) or not path.is_file():
            raise HTTPException(404, f"there is no {file} of version {version}")
        # Never packed: a digest is of the file as it lies there.
        return FileResponse(
            path, media_type="application/octet-stream", headers={"Content-Encoding": "identity"}
        )

    return Contribution(name="agents", routers=(listed, routes))


def laid(folder: Folder) -> list[Laid]:
    """What lies there. One whose list cannot be read is left out: devices would not take it either."""
    found: list[tuple[float, Laid]] = []
    for path in folder.glob(f"[0-9]*/{LIST}"):
        try:
            raw = path.read_bytes()
            files = updates.decode(raw)
        except (OSError, Refused):
            continue
        one = Laid(version=files.version, bytes=files.size, sha256=hashlib.sha256(raw).hexdigest())
        found.append((path.stat().st_mtime, one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]
