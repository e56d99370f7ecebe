"""Forms with files: held in memory, so that what a citizen sends lies on no disk in clear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser

from city.files.use import MOST

_FILES: Final = 10
_FIELDS: Final = 200  # besides files
# Else Starlette writes whatever is larger than 1 MB to a temporary file. What a request may bring at all, the
# shell limits by path (Contribution.large).
MultiPartParser.spool_max_size = MOST


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it was sent; `Files.receive` says whether it may be kept."""

    name: str
    body: bytes


async def form(request: Request) -> AsyncIterator[FormData]:
    """Fields and files of a form; one that cannot be read is answered 400."""
    async with request.form(max_files=_FILES, max_fields=_FIELDS) as sent:
        yield sent


Sent = Annotated[FormData, Depends(form)]  # what a route takes


async def one(sent: FormData, field: str) -> Upload | None:
    """The file of a field; None where none was chosen."""
    found = sent.get(field)
    if not isinstance(found, UploadFile) or not found.size:
        return None
    body = await to_thread.run_sync(found.file.read)
    return Upload(name=found.filename or "", body=body)
