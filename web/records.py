"""Records of ours as JSON answers, and their schemas in the OpenAPI document."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from starlette.responses import Response

from web import problems, schemas

T = TypeVar("T")
_ETAG: Final = {"description": "The record's revision, for `If-Match`", "schema": {"type": "string"}}


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Part of a list; ask again with `cursor` set to `next` until that is null."""

    items: list[T]
    next: str | None = None


def reply(record: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Record → JSON answer; columns of samples may be arrays."""
    return Response(
        msgspec.json.encode(record, enc_hook=_listed),
        status_code=status,
        media_type="application/json",
        headers=dict(headers or {}),
    )


def _listed(column: object) -> list[Any]:
    if isinstance(column, array):
        return column.tolist()
    raise TypeError(f"{type(column).__name__} has no JSON form")


def answers(
    kind: Any, example: object = None, *, status: int = 200, description: str = "Done", tagged: bool = False
) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that replies with this kind of record; `tagged`: with its `ETag`."""
    described = _described(kind, "application/json", description, example)
    if tagged:
        described["headers"] = {"ETag": _ETAG}
    return {status: described}


def text(media_type: str, example: str, description: str = "Done") -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that replies with something that is no record."""
    content = {media_type: {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": description, "content": content}}


def asks(example: object, media_type: str = "application/json") -> dict[str, Any]:
    """The `openapi_extra` of a route that takes a body such as this."""
    return {"requestBody": {"content": {media_type: {"example": schemas.example(example)}}}}


def refusals() -> dict[int | str, dict[str, Any]]:
    """The `responses` that every route shares: problem details."""
    return {
        "4XX": _described(
            problems.Problem,
            problems.CONTENT_TYPE,
            "The request cannot be answered as it is",
            problems.plain(404, "there is no incident TGI-2026-000123"),
        ),
        "5XX": _described(
            problems.Problem,
            problems.CONTENT_TYPE,
            "Ours to mend; try again later",
            problems.plain(503, "the city's database is not available: it is being started; try again"),
        ),
    }


def _described(kind: Any, media_type: str, description: str, example: object) -> dict[str, Any]:
    shown = {} if example is None else {"example": schemas.example(example, _listed)}
    content = {media_type: {"schema": schemas.placeholder(kind), **shown}}
    return {"description": description, "content": content}
