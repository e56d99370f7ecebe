"""Problem details (RFC 9457): every error names the field, the value and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import Refused, shown

CONTENT_TYPE: Final = "application/problem+json"
Known = Mapping[type[Exception], int]  # errors of a domain, and the status that tells them


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a request."""

    field: str
    value: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details of RFC 9457, with the faults as an extension member."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    instance: str = ""
    errors: tuple[Fault, ...] = ()


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Problem → response."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=CONTENT_TYPE,
        headers=dict(headers or {}),
    )


def of(error: Exception, known: Known) -> Problem:
    """Error → problem. Errors that are neither ours nor known tell nothing of the inside."""
    match error:
        case RequestValidationError():
            return _problem(422, "some fields are wrong", tuple(_fault(item) for item in error.errors()))
        case Refused():
            fault = Fault(field=error.field, value=error.value, reason=error.reason)
            return _problem(422, str(error), (fault,))
        case HTTPException():
            return _problem(error.status_code, str(error.detail))
    for kind in type(error).__mro__:
        if kind in known:
            return _problem(known[kind], str(error), _named(error))
    return _problem(500, "an error of ours: it is in the log")


def retry_after(error: Exception) -> dict[str, str]:
    """`Retry-After` where the error knows (`after`, seconds)."""
    after = getattr(error, "after", None)
    return {"Retry-After": str(max(1, round(after)))} if isinstance(after, int | float) else {}


def _problem(status: int, detail: str, faults: tuple[Fault, ...] = ()) -> Problem:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=faults)


def _named(error: Exception) -> tuple[Fault, ...]:
    """Faults of a domain's error that carries field, value and reason as attributes."""
    facts = [getattr(error, name, None) for name in ("field", "value", "reason")]
    if any(fact is None for fact in facts):
        return ()
    field, value, reason = facts
    return (Fault(field=str(field), value=shown(value), reason=str(reason)),)


def _fault(item: Mapping[str, object]) -> Fault:
    place = item.get("loc", ())
    field = ".".join(str(level) for level in place[1:]) if isinstance(place, tuple) else str(place)
    return Fault(
        field=field or "body", value=shown(item.get("input", "")), reason=str(item.get("msg", "wrong"))
    )


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
