"""Problem details (RFC 9457): every error names the field, the value and the reason, and what cures it."""

from __future__ import annotations

import math
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
# What to do about it, where the error does not say so better by an attribute `cure`.
CURES: Final = {
    400: "Mend the request as the detail says.",
    401: "Sign in, or send an API key as `Authorization: Bearer`.",
    403: "Ask an administrator for a role that may do this.",
    404: "Take the name or number from the list; it may have been removed.",
    405: "Use a method that the OpenAPI document names for this address.",
    409: "Read the record again: in its present state this cannot be done.",
    410: "It is gone for good: start anew.",
    412: "Read the record again and send its new `ETag` as `If-Match`.",
    413: "Send less, or send it in parts.",
    415: "Send a type that the OpenAPI document names for this operation.",
    422: "Change the fields that `errors` names.",
    428: "Read the record first and send its `ETag` as `If-Match`.",
    429: "Wait as many seconds as `Retry-After` says.",
    500: "It is ours to mend: tell the operators the time and the address.",
    503: "Try again after as many seconds as `Retry-After` says.",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a request."""

    field: str
    value: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details of RFC 9457, with the cure and the faults as extension members."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    instance: str = ""
    cure: str = ""  # what whoever asked can do about it
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
            return plain(error.status_code, str(error.detail))
    for kind in type(error).__mro__:
        if kind in known:
            cure = getattr(error, "cure", "")
            return _problem(known[kind], str(error), _named(error), cure if isinstance(cure, str) else "")
    return plain(500, "an error of ours: it is in the log")


def plain(status: int, detail: str) -> Problem:
    """Problem of a status, with the usual cure."""
    return _problem(status, detail)


def retry_after(error: Exception) -> dict[str, str]:
    """`Retry-After` where the error knows (`after`, seconds)."""
    after = getattr(error, "after", None)
    return {"Retry-After": str(max(1, math.ceil(after)))} if isinstance(after, int | float) else {}


def _problem(status: int, detail: str, faults: tuple[Fault, ...] = (), cure: str = "") -> Problem:
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        cure=cure or CURES.get(status, CURES[500] if status >= 500 else CURES[400]),
        errors=faults,
    )


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
