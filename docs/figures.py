"""The directive `figures`: every metric of ours for Prometheus, read from the code that makes it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
}


class Figures(SphinxDirective):
    """A table of the metrics that are made below the folders or files named, one a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        rows = [row for place in self.content for path in _files(ROOT / place) for row in _rows(path)]
        table = ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *sorted(rows)]
        found = nodes.section()
        found.document = self.state.document
        self.state.nested_parse(StringList(table, source="figures"), 0, found)
        return found.children


def _files(place: Path) -> Iterator[Path]:
    if not place.exists():
        raise FileNotFoundError(f"{place}: tell docs/reference/metrics.md where it went")
    yield from sorted(place.rglob("*.py")) if place.is_dir() else (place,)


def _rows(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lists = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS):
            continue
        words = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
        if len(words) < 2 or not words[0].startswith("imm_"):
            continue
        name, kind = words[0], KINDS[node.func.id]
        labels = [*node.args[2:3], *(given.value for given in node.keywords if given.arg == "labels")]
        shown = ", ".join(f"`{label}`" for part in labels for label in _labels(part, lists))
        yield f"| `{name}{'_total' if kind == 'counter' else ''}` | {kind} | {shown} | {words[1]} |"


def _labels(node: ast.expr, lists: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.Name):
        node = lists.get(node.id, node)
    if not isinstance(node, ast.List | ast.Tuple):
        return []
    return [str(part.value) for part in node.elts if isinstance(part, ast.Constant)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("figures", Figures)
    return {"parallel_read_safe": True}
