"""Records of ours as JSON answers, and their schemas in the OpenAPI document."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from starlette.responses import Response

from web import problems

T = TypeVar("T")
_SCHEMAS: Final = "#/components/schemas/{name}"
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


def answers(kind: Any, *, status: int = 200, description: str = "Done") -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that replies with this kind of record."""
    return {status: _described(kind, "application/json", description)}


def refusals() -> dict[int | str, dict[str, Any]]:
    """The `responses` that every route shares: problem details."""
    return {
        "4XX": _described(problems.Problem, problems.CONTENT_TYPE, "The request cannot be answered as it is"),
        "5XX": _described(problems.Problem, problems.CONTENT_TYPE, "Ours to mend; try again later"),
    }


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI document with the schemas of all answers among its components."""
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for response in operation.get("responses", {}).values():
                schemas.update(response.pop(_HELD, {}))
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _described(kind: Any, media_type: str, description: str) -> dict[str, Any]:
    (schema,), schemas = msgspec.json.schema_components([kind], ref_template=_SCHEMAS)
    return {"description": description, "content": {media_type: {"schema": schema}}, _HELD: schemas}
