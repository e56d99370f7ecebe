"""The directive `routes`: every route of the API with its parameters, read from the routers that answer."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any, cast

from docutils import nodes
from docutils.statemachine import StringList
from fastapi import FastAPI
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from app.assembly import assemble
from app.parts import Parts
from app.settings import Settings
from web import access, health, sse


class Routes(SphinxDirective):
    """A section for each tag, a line for each route."""

    def run(self) -> list[nodes.Node]:
        tags: defaultdict[str, list[str]] = defaultdict(list)
        described = api()
        document = access.describe(described.openapi(), described.routes)
        for path, methods in document["paths"].items():
            for method, route in methods.items():
                asked = [one["name"] for one in route.get("parameters", []) if one["in"] == "query"]
                names = ", ".join(f"`{name}`" for name in asked)
                asks = f"`{route['x-access']}`"
                tags[route["tags"][0]].append(
                    f"| `{method.upper()} {path}` | {route['summary']} | {asks} | {names} |"
                )
        lines = []
        for tag, rows in sorted(tags.items()):
            head = ["| route | what it answers | who may | parameters |", "| --- | --- | --- | --- |"]
            lines += [f"## {tag.capitalize()}", "", *head, *rows, ""]
        found = nodes.section()
        found.document = self.state.document
        self.state.nested_parse(StringList(lines, source="routes"), 0, found, match_titles=True)
        return found.children


class Described(Parts):
    """The platform's parts on nothing: enough to describe what they answer, not to answer."""

    def __init__(self) -> None:
        super().__init__(Settings(), cast("Any", None))
        nothing = dict.fromkeys(("dead_letters", "sink", "frames", "engine", "ledger"))
        papers = dict.fromkeys(("files", "links", "register", "imports"))
        # What stands on a disk; it is set where Parts would make it.
        vars(self).update(
            db=cast("Any", Nothing()),
            vault=cast("Any", Nothing()),
            roster=None,
            store=SimpleNamespace(**nothing),
            papers=SimpleNamespace(**papers),
        )


class Nothing:
    """Whatever is asked of it, it is that."""

    def __getattr__(self, _: str) -> "Nothing":
        return self

    def __call__(self, *_: object, **__: object) -> "Nothing":
        return self


def api() -> FastAPI:
    """The platform's routes without what they stand on."""
    described = FastAPI(openapi_url=None)
    described.include_router(health.router(health.Checks(live=tuple, ready=tuple, figures=bytes)))
    described.include_router(sse.router(cast("Any", None), {}))
    for contribution in assemble(Described()).contributions:
        for router in contribution.routers:
            described.include_router(router)
    return described


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("routes", Routes)
    return {"parallel_read_safe": True}
