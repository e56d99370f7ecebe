"""The public page where anyone checks a document of the city: by code, by number, or by the PDF itself."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Protocol

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from city.documents import Finding, State, codes
from city.documents.errors import NotInstalled, NotNow, Taken, Unknown, Unsigned
from city.documents.register import PATH
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms, uploads
from web.contribution import Contribution
from web.forms import Form
from web.pages import render
from web.records import answers, reply

LARGEST: Final = 20_000_000  # bytes of a PDF that is compared
_FORM: Final = 100_000  # bytes that a form has besides
_TEXT: Final = 100  # characters of a code or number
_EXAMPLE: Final = "7K3M-9QXT-2PAB"
_SHOWN: Final = Finding(
    state=State.VALID,
    title=Text(id="Surat Keterangan Usaha", en="Certificate of Business"),
    number="400.12.2.2/012-Kel.Kesambi/XI/2026",
    unit="Kelurahan Kesambi",
    issued=1_795_536_000_000_000,
    until=1_811_088_000_000_000,
    revoked=None,
    reason=None,
    trial=False,
    code=_EXAMPLE.replace("-", ""),
    initials="S. N.",
)
_MISSING: Final = Text(
    id="Tidak ada surat dengan kode atau nomor ini. Periksa lagi tulisannya.",
    en="No letter has this code or number. Check how it is written.",
)
_STRANGE: Final = Text(
    id="Berkas ini bukan surat yang kami terbitkan, atau isinya sudah diubah.",
    en="This file is no letter that we issued, or it was changed.",
)
_NOTHING: Final = Text(id="Pilih berkas PDF", en="Choose a PDF file")


class Documents(Protocol):
    """What the page asks; city.documents.Register answers."""

    def check(self, text: str) -> Finding | None:
        """By code, or by number."""
        ...

    def check_file(self, digest: str, *, code: str = "") -> Finding | None:
        """By the SHA-256 of a PDF; with a code: that document, compared."""
        ...


def contribution(documents: Documents) -> Contribution:
    """The page, and the same for apps."""
    return Contribution(
        name="check",
        routers=(_pages(documents), _routes(documents)),
        known={Unknown: 404, NotNow: 409, Taken: 409, NotInstalled: 503, Unsigned: 503},
        large={PATH: LARGEST + _FORM},
    )


def _pages(documents: Documents) -> APIRouter:
    routes = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[access.public()])

    @routes.get("")
    async def ask(request: Request, q: Annotated[str, Query(max_length=_TEXT)] = "") -> Response:
        text = q.strip()
        if not text:
            return _asked(request, Form())
        if (code := codes.parse(text)) is not None:
            return RedirectResponse(f"{PATH}/{code}", status_code=303)
        found = await to_thread.run_sync(documents.check, text)
        return _told(request, found) if found else _asked(request, forms.of(q=text).but("q", _MISSING), 404)

    @routes.get("/{code}")
    async def one(request: Request, code: Annotated[str, Path(max_length=_TEXT)]) -> Response:
        known = codes.parse(code)
        found = await to_thread.run_sync(documents.check, known) if known else None
        return _told(request, found) if found else _asked(request, forms.of(q=code).but("q", _MISSING), 404)

    @routes.post("")
    async def compare(request: Request, sent: uploads.Sent) -> Response:
        file, code = await uploads.one(sent, "file"), sent.get("code", "")
        if file is None or not isinstance(code, str):
            return _asked(request, Form().but("file", _NOTHING), 422)
        digest = hashlib.sha256(file.body).hexdigest()  # compared only: a stranger's file is never opened
        found = await to_thread.run_sync(lambda: documents.check_file(digest, code=code[:_TEXT]))
        return _told(request, found) if found else _asked(request, Form().but("file", _STRANGE), 404)

    return routes


def _asked(request: Request, form: Form, status: int = 200) -> Response:
    return render(request, "web/check/ask.html", status=status, form=form)


def _told(request: Request, found: Finding) -> Response:
    return render(request, "web/check/told.html", found=found, form=Form())


def _routes(documents: Documents) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["documents"], dependencies=[access.public()])

    @routes.get(
        "/documents/check",
        summary="What a document of the city is worth",
        description="Name one of `code` (from its QR), `number`, or `sha256` of the PDF; with `code` and "
        "`sha256`, `same` says whether the file is the one issued. A number tells nothing of the person.",
        responses=answers(Finding, _SHOWN, description="The document"),
    )
    async def check(
        code: Annotated[str, Query(max_length=_TEXT, examples=[_EXAMPLE])] = "",
        number: Annotated[str, Query(max_length=_TEXT)] = "",
        sha256: Annotated[str, Query(pattern="^([0-9a-f]{64})?$")] = "",
    ) -> Response:
        if sha256:
            found = await to_thread.run_sync(lambda: documents.check_file(sha256, code=code))
        elif code or number:
            found = await to_thread.run_sync(documents.check, code or number)
        else:
            raise Refused("code", "", "name one of code, number, sha256")
        if found is None:
            raise Unknown(code or number or sha256)
        return reply(found)

    return routes
