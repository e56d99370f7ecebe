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
from runtime import ids, metrics
from runtime.clock import System
from web import health, sse


class Routes(SphinxDirective):
    """A section for each tag, a line for each route."""

    def run(self) -> list[nodes.Node]:
        tags: defaultdict[str, list[str]] = defaultdict(list)
        for path, methods in api().openapi()["paths"].items():
            for method, route in methods.items():
                asked = [one["name"] for one in route.get("parameters", []) if one["in"] == "query"]
                names = ", ".join(f"`{name}`" for name in asked)
                tags[route["tags"][0]].append(f"| `{method.upper()} {path}` | {route['summary']} | {names} |")
        lines = []
        for tag, rows in sorted(tags.items()):
            head = ["| route | what it answers | parameters |", "| --- | --- | --- |"]
            lines += [f"## {tag.capitalize()}", "", *head, *rows, ""]
        found = nodes.section()
        found.document = self.state.document
        self.state.nested_parse(StringList(lines, source="routes"), 0, found, match_titles=True)
        return found.children


def api() -> FastAPI:
    """The platform's routes without what they stand on: enough to describe them, not to answer."""
    clock = System()
    nothing = dict.fromkeys(("dead_letters", "sink", "frames", "engine", "ledger"))
    parts = SimpleNamespace(
        settings=Settings(),
        clock=clock,
        ids=ids.factory(clock),
        registry=metrics.registry(),
        db=None,
        roster=None,
        store=SimpleNamespace(**nothing),
    )
    described = FastAPI()
    described.include_router(health.router(health.Checks(live=tuple, ready=tuple, figures=bytes)))
    described.include_router(sse.router(cast("Any", None)))
    for contribution in assemble(cast("Parts", parts)).contributions:
        for router in contribution.routers:
            described.include_router(router)
    return described


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("routes", Routes)
    return {"parallel_read_safe": True}
