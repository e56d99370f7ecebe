"""Queries as Grafana's data sources read them, on what the InfluxDB engine and alerts write.

The SDK has no types for these two sources; the fields are those of Grafana's own query editors.
"""

from __future__ import annotations

from typing import Final, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import AnnotationTarget

from contracts.topics import Kind
from dashboards.sources import SAMPLES

NUMBER: Final = '"v"'  # field of a sample's number
TEXT: Final = '"vs"'
EVERY: Final = "/^[^_]+$/"  # all metrics: no name of one has an underscore, roll-ups and marks have
SELECTED: Final = '"site" =~ /^$site$/ AND "device" =~ /^$device$/'
OF_KIND: Final = '"kind" =~ /^$kind$/'
SHOWN: Final = "$timeFilter"


class InfluxQL(Builder["InfluxQL"], Dataquery):
    """One statement; its answer as lines in time, or as the rows of a table."""

    def __init__(self, query: str, *, ref: str = "A", alias: str = "", table: bool = False) -> None:
        self.query = query
        self.ref = ref
        self._alias = alias
        self._table = table

    def build(self) -> Self:
        """The query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """Grafana's form."""
        return {
            "datasource": SAMPLES.ref,
            "refId": self.ref,
            "query": self.query,
            "rawQuery": True,
            "resultFormat": "table" if self._table else "time_series",
            "alias": self._alias,
        }


class Sql(Builder["Sql"], AnnotationTarget):
    """A statement for PostgreSQL whose rows are annotations."""

    def __init__(self, sql: str) -> None:
        super().__init__()
        self.sql = sql

    def build(self) -> Self:
        """The query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """Grafana's form."""
        return {
            "refId": "Anno",
            "rawSql": self.sql,
            "rawQuery": True,
            "editorMode": "code",
            "format": "table",
        }


def select(what: str, source: str, *conditions: str, by: str = "") -> str:
    """Statement on the selected site and devices; `by` follows GROUP BY."""
    where = " AND ".join((*conditions, SELECTED))
    return f"SELECT {what} FROM {source} WHERE {where}" + (f" GROUP BY {by}" if by else "")


def metric(name: str) -> str:
    """What follows FROM: the measurement of one metric."""
    return f'"{name}"'


def only(kind: Kind) -> str:
    """Condition: devices of one kind, whatever the board's selection says."""
    return f"\"kind\" = '{kind}'"
