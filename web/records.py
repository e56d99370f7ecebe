"""Records of ours as JSON answers, and their schemas in the OpenAPI document."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from starlette.responses import Response

from web import problems

T = TypeVar("T")
REQUIRED: Final = (
    "x-required"  # in a parameter's schema: clients must send it, though our code takes it as empty
)
_SCHEMAS: Final = "#/components/schemas/{name}"
_ETAG: Final = {"description": "The record's revision, for `If-Match`", "schema": {"type": "string"}}
_HELD: Final = "x-schemas"  # schemas travel beside an answer until tidy() puts them where they belong


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


def asks(example: object) -> dict[str, Any]:
    """The `openapi_extra` of a route that takes a JSON body such as this."""
    return {"requestBody": {"content": {"application/json": {"example": _plain(example)}}}}


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


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI document with the schemas of all answers among its components."""
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for response in operation.get("responses", {}).values():
                schemas.update(response.pop(_HELD, {}))
            for parameter in operation.get("parameters", ()):  # asked for by us, since we answer it with 428
                if parameter["schema"].pop(REQUIRED, False):
                    parameter["required"] = True
                    parameter["schema"].pop("default", None)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _described(kind: Any, media_type: str, description: str, example: object) -> dict[str, Any]:
    (schema,), schemas = msgspec.json.schema_components([kind], ref_template=_SCHEMAS)
    shown = {} if example is None else {"example": _plain(example)}
    content = {media_type: {"schema": schema, **shown}}
    return {"description": description, "content": content, _HELD: schemas}


def _plain(example: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(example, enc_hook=_listed))
