"""The directive `catalogue`: what each metric of a device means, read from the metric catalogue."""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from contracts.measurements import CATALOGUE, Metric


class Catalogue(SphinxDirective):
    """A table of all metrics that a device may send under a known meaning."""

    def run(self) -> list[nodes.Node]:
        table = [
            "| metric | unit | kind | values | meaning |",
            "| --- | --- | --- | --- | --- |",
            *(_row(metric) for metric in CATALOGUE.values() if not metric.reserved),
        ]
        found = nodes.section()
        found.document = self.state.document
        self.state.nested_parse(StringList(table, source="catalogue"), 0, found)
        return found.children


def _row(metric: Metric) -> str:
    low, high = ("" if bound is None else f"{bound:,g}" for bound in (metric.low, metric.high))
    values = f"{low} – {high}" if high else f"from {low}" if low else ""
    meaning = f"{metric.text.en} · *{metric.text.id}*"
    return f"| `{metric.name}` | {metric.unit} | {metric.kind.value} | {values} | {meaning} |"


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("catalogue", Catalogue)
    return {"parallel_read_safe": True}
