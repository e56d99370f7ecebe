"""How DuckDB says what InfluxQL says of a bucket's numbers."""

from __future__ import annotations

from typing import Final

from contracts.series import Statistic

PERCENTILES: Final = {Statistic.P50: 50, Statistic.P95: 95, Statistic.P99: 99}
COLUMNS: Final = "series, ts, count, sum, min, max, p50, p95, p99"  # of a roll-up


def of_raw(statistic: Statistic) -> str:
    """Aggregate over `number`."""
    if statistic in PERCENTILES:
        return ranked("list_sort(list(number))", PERCENTILES[statistic])
    return f"{'avg' if statistic is Statistic.MEAN else statistic.value}(number)::DOUBLE"


def ranked(numbers: str, percent: int) -> str:
    """Percentile of a sorted list, by nearest rank as InfluxQL counts it."""
    return f"list_extract({numbers}, greatest(1, floor(len({numbers}) * {percent} / 100 + 0.5)::BIGINT))"


def roll_up(source: str, step: int) -> str:
    """Rows of a roll-up from a relation of (series, ts, number)."""
    percentiles = ", ".join(ranked("numbers", percent) for percent in PERCENTILES.values())
    return f"""SELECT series, start, len(numbers), total, numbers[1], numbers[-1], {percentiles}
        FROM (SELECT series, ts - ts % {step} AS start, list_sort(list(number)) AS numbers,
                     sum(number) AS total
              FROM {source} GROUP BY series, start)"""


def combined(statistic: Statistic) -> str:
    """The same statistic from rows (count, sum, min, max) of finer buckets; never of percentiles."""
    return {
        Statistic.COUNT: "sum(count)::DOUBLE",
        Statistic.SUM: "sum(sum)",
        Statistic.MEAN: "sum(sum) / sum(count)",
        Statistic.MIN: "min(min)",
        Statistic.MAX: "max(max)",
    }[statistic]
