"""What an engine should answer, computed from a dict."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable

import pytest

from contracts.instants import floor
from contracts.series import Block, Selector, Series, Statistic, Value
from store.port import Engine
from tests.store.parts import a_block

ALL = Selector()
PERCENT = {Statistic.P50: 50, Statistic.P95: 95, Statistic.P99: 99}


def expected(numbers: Iterable[float], statistic: Statistic) -> float:
    """The contract's definition."""
    ordered = sorted(numbers)
    match statistic:
        case Statistic.COUNT:
            return len(ordered)
        case Statistic.SUM:
            return math.fsum(ordered)
        case Statistic.MEAN:
            return math.fsum(ordered) / len(ordered)
        case Statistic.MIN:
            return ordered[0]
        case Statistic.MAX:
            return ordered[-1]
        case _:
            return ordered[max(1, math.floor(len(ordered) * PERCENT[statistic] / 100 + 0.5)) - 1]


def model(
    rows: dict[tuple[Series, int], Value], start: int, end: int, step: int, statistic: Statistic
) -> dict[tuple[Series, int], float]:
    """Aggregates of a dict of samples."""
    buckets: defaultdict[tuple[Series, int], list[float]] = defaultdict(list)
    for (series, time), value in rows.items():
        if floor(start, step) <= time < -floor(-end, step) and isinstance(value, float):
            buckets[series, floor(time, step)].append(value)
    return {key: expected(numbers, statistic) for key, numbers in buckets.items()}


def aggregated(
    engine: Engine, start: int, end: int, step: int, statistic: Statistic, selector: Selector = ALL
) -> dict[tuple[Series, int], float]:
    return {
        (one.series, t): v
        for one in engine.aggregate(selector, start, end, step=step, statistic=statistic)
        for t, v in zip(one.starts, one.values, strict=True)
    }


def agree(engine: Engine, rows: dict[tuple[Series, int], Value], start: int, end: int, *steps: int) -> None:
    for step in steps:
        for statistic in Statistic:
            assert aggregated(engine, start, end, step, statistic) == pytest.approx(
                model(rows, start, end, step, statistic)
            ), (step, statistic)


def noise(seed: int, start: int, end: int, step: int, *series: Series) -> dict[tuple[Series, int], Value]:
    """Samples of some series, at uneven times."""
    dice = random.Random(seed)
    return {
        (one, time + dice.randrange(step)): float(dice.gauss(20, 5))
        for one in series
        for time in range(start, end, step)
    }


def block_of(rows: dict[tuple[Series, int], Value]) -> Block:
    return a_block(*((series, time, value) for (series, time), value in rows.items()))
