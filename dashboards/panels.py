"""How every panel of ours looks: one place for its choices."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import common as settings
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardRegexMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    RegexMap,
    ValueMapping,
    ValueMappingResult,
)

from contracts import measurements
from contracts.judgements import Text
from contracts.rules import Rule
from dashboards import limits
from dashboards.queries import InfluxQL
from dashboards.sources import SAMPLES

UNITS: Final = {  # SenML → Grafana
    "/": "percentunit",
    "B": "bytes",
    "Cel": "celsius",
    "dBm": "dBm",
    "ms": "ms",
    "s": "s",
}
HEIGHT: Final = 8  # rows of the grid
SILENT: Final = 300_000  # ms without a sample after which a line is broken


def title(text: Text) -> str:
    """Indonesian first."""
    return f"{text.id} · {text.en}"


def lines(
    said: Text, query: InfluxQL, *, unit: str, width: int, rule: Rule | None = None, about: Text | None = None
) -> timeseries.Panel:
    """Values over time; a rule's limit as a dashed line. `unit` is SenML's."""
    panel = (
        timeseries.Panel()
        .title(title(said))
        .datasource(SAMPLES.ref)
        .height(HEIGHT)
        .span(width)
        .unit(UNITS.get(unit, "short"))
        .interval("10s")
        .line_width(1)
        .fill_opacity(8)
        .show_points(VisibilityMode.AUTO)
        .span_nulls(SILENT)
        .thresholds(limits.steps(rule))
        .thresholds_style(limits.drawn(rule))
        .legend(
            settings.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull"])
        )
        .tooltip(settings.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .with_target(query)
    )
    return panel.description(title(about)) if about else panel


def gauge(name: str, query: InfluxQL, *, width: int, rule: Rule | None = None) -> timeseries.Panel:
    """Lines of one metric of the catalogue, in its own words, unit and range."""
    entry = measurements.CATALOGUE[name]
    panel = lines(entry.text, query, unit=entry.unit, width=width, rule=rule)
    return panel.min(0).max(1) if (entry.low, entry.high) == (0, 1) else panel


def bars(said: Text, query: InfluxQL, *, width: int, about: Text) -> timeseries.Panel:
    """Counts on top of each other; the query says how wide a bar is."""
    return (
        lines(said, query, unit="count", width=width, about=about)
        .draw_style(GraphDrawStyle.BARS)
        .fill_opacity(60)
        .stacking(settings.StackingConfig().mode(StackingMode.NORMAL))
        .min(0)
    )


def number(said: Text, query: InfluxQL, *, width: int, about: Text, reduce: str, fields: str) -> stat.Panel:
    """One figure: `reduce` (Grafana's name of a reducer) over the fields that a pattern names."""
    return (
        stat.Panel()
        .title(title(said))
        .description(title(about))
        .datasource(SAMPLES.ref)
        .height(HEIGHT)
        .span(width)
        .graph_mode(BigValueGraphMode.NONE)
        .no_value("0")
        .thresholds(limits.steps(None))
        .reduce_options(settings.ReduceDataOptions().calcs([reduce]).fields(fields).values(False))
        .with_target(query)
    )


def rows(said: Text, *queries: InfluxQL, width: int, about: Text) -> table.Panel:
    """A table."""
    panel = table.Panel().title(title(said)).description(title(about)).datasource(SAMPLES.ref).height(HEIGHT)
    for query in queries:
        panel = panel.with_target(query)
    return panel.span(width)


def step(name: str, **options: object) -> DataTransformerConfig:
    """One of Grafana's transformations, by its id."""
    return DataTransformerConfig(id_val=name, options=options)


def setting(name: str, value: object) -> DynamicConfigValue:
    """One property of a field, by its id."""
    return DynamicConfigValue(id_val=name, value=value)


def words(**texts: tuple[str, Text, str]) -> list[ValueMapping]:
    """Texts that match a pattern → words and colour: `name=(pattern, text, colour)`."""
    return [
        RegexMap(
            options=DashboardRegexMapOptions(
                pattern=pattern, result=ValueMappingResult(text=title(text), color=colour, index=place)
            )
        )
        for place, (pattern, text, colour) in enumerate(texts.values())
    ]


def row(said: Text) -> board.Row:
    """A heading."""
    return board.Row(title(said))
