"""Schemas of our records in the OpenAPI document: made at once, so that two of one name are told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import new_class
from typing import Any, Final, get_args, get_origin

import msgspec

REQUIRED: Final = "x-required"  # in a parameter's schema: to be sent, though our code takes it as missing
_KIND: Final = "x-kind"
_JSON: Final = "x-json"
_REF: Final = "#/components/schemas/"
_kinds: Final[dict[str, Any]] = {}  # what stands where a placeholder names it; filled as routes are declared


def placeholder(kind: Any) -> dict[str, str]:
    """What stands for a kind's schema until tidy has seen all of them."""
    name = repr(kind)
    if name not in _kinds:
        _kinds[name] = _named(kind)
    return {_KIND: name}


def example(value: Any, enc_hook: Callable[[Any], Any] | None = None) -> dict[str, str]:
    """An example until tidy: FastAPI would leave out what is null in it."""
    return {_JSON: msgspec.json.encode(value, enc_hook=enc_hook).decode()}


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas of all answers among its components."""
    present: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    places = [schema for schema in _schemas(document) if _KIND in schema]
    names = sorted({schema[_KIND] for schema in places})
    made, components = msgspec.json.schema_components(
        [_kinds[name] for name in names], ref_template=_REF + "{name}"
    )
    others = {
        name: f"answer.{name}"
        for name, schema in components.items()
        if name in present and not _same(present[name], schema)
    }
    by_name = dict(zip(names, made, strict=True))
    for schema in places:
        schema.update(_renamed(by_name[schema.pop(_KIND)], others))
    present |= {others.get(name, name): _renamed(schema, others) for name, schema in components.items()}
    document["components"]["schemas"] = dict(sorted(present.items()))
    for operation in _operations(document):
        for content in _contents(operation):
            if _JSON in content.get("example", ()):
                content["example"] = msgspec.json.decode(content["example"][_JSON])
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].pop(REQUIRED, False):
                parameter["required"] = True
                parameter["schema"].pop("default", None)
    return document


def _named(kind: Any) -> Any:
    """`Page[Letter]` as a class of its own in Letter's module: msgspec loses one of two called alike."""
    origin, arguments = get_origin(kind), get_args(kind)
    if not (isinstance(origin, type) and issubclass(origin, msgspec.Struct)):
        return kind
    name = f"{origin.__name__}Of{''.join(one.__name__ for one in arguments)}"
    told = {"__module__": arguments[0].__module__, "__doc__": origin.__doc__}
    return new_class(name, (kind,), {"frozen": True, "kw_only": True}, lambda space: space.update(told))


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document.get("paths", {}).values():
        yield from path.values()


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (*operation.get("responses", {}).values(), operation.get("requestBody", {})):
        yield from part.get("content", {}).values()


def _schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in _operations(document):
        for content in _contents(operation):
            yield content.get("schema", {})


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both list the same values: FastAPI describes an enumeration in a question, we in an answer."""
    return "enum" in one and sorted(one["enum"]) == sorted(other.get("enum", ()))


def _renamed(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, dict):
        node = {key: _renamed(child, names) for key, child in node.items()}
        ref = str(node.get("$ref", ""))
        if ref.removeprefix(_REF) in names:
            node["$ref"] = _REF + names[ref.removeprefix(_REF)]
        return node
    return [_renamed(child, names) for child in node] if isinstance(node, list) else node
