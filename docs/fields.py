"""The directive `fields`: every setting with default and meaning, read from the record that holds it."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]

# `name: type = default  # meaning`, as our records are written; a long default has a line of its own
LINE = re.compile(r"^    (?P<name>\w+): [^\n#]*?(?:\(\n[^\n#]*?)?  # (?P<meaning>.+)$", re.MULTILINE)


class Fields(SphinxDirective):
    """The record that the argument names (`module.Record`), a section for each group in it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        found = nodes.section()
        found.document = self.state.document
        for group, record in _groups(getattr(import_module(module), name), ""):
            lines = [
                f"## {group or 'At the top'}",
                "",
                (record.__doc__ or "").strip(),
                "",
                *_table(record),
                "",
            ]
            self.state.nested_parse(StringList(lines, source=module), 0, found, match_titles=True)
        return found.children


def _groups(record: type[msgspec.Struct], path: str) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    yield (f"`[{path}]`" if path else ""), record
    for field in msgspec.structs.fields(record):
        if inner := _record(field.type):
            yield from _groups(inner, f"{path}.{field.encode_name}".lstrip("."))


def _record(kind: Any) -> type[msgspec.Struct] | None:
    """The record that a setting is, or may be."""
    found = [
        one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, msgspec.Struct)
    ]
    return found[0] if found and get_origin(kind) is not tuple else None


def _table(record: type[msgspec.Struct]) -> list[str]:
    meanings = {match["name"]: match["meaning"] for match in LINE.finditer(inspect.getsource(record))}
    rows = [
        f"| `{field.encode_name}` | {_default(field)} | {_escape(meanings.get(field.name, ''))} |"
        for field in msgspec.structs.fields(record)
        if not _record(field.type)
    ]
    return ["| setting | default | meaning |", "| --- | --- | --- |", *rows] if rows else []


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    elif field.default is msgspec.NODEFAULT:
        return "must be set"
    else:
        value = field.default
    if value is None or value == "" or value in ((), {}, []):
        return "none"
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        value = value.relative_to(ROOT)
    text = f"`{_escape(str(value).lower() if isinstance(value, bool) else str(value))}`"
    choices = [str(choice) for choice in get_args(field.type) if isinstance(choice, str)]
    return f"{text}, of {', '.join(f'`{choice}`' for choice in choices)}" if choices else text


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("fields", Fields)
    return {"parallel_read_safe": True}
