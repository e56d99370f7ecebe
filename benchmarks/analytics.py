"""How fast rules judge: in one process on one core, without broker or store."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from analytics import rules
from analytics.detectors.anomaly import ensemble
from analytics.evaluate import Evaluator
from analytics.samples import of_block
from analytics.watches import Scene
from contracts import measurements, roster
from contracts.instants import DAY, SECOND
from contracts.rules import Rule, Threshold
from contracts.series import Block, Series
from contracts.topics import Kind

DEFAULT: Final = Path(__file__).resolve().parents[1] / "deploy" / "rules" / "bima.yaml"
_TICKS: Final = 300
_WARM: Final = 20  # ticks before it is measured: every series is known by then
_DETECTED: Final = 20_000  # samples of the ensemble
_START: Final = 1_795_478_400_000_000
_EACH: Final = 50  # series of one device


class _City:
    """A roster of these devices."""

    def __init__(self, entries: Iterable[roster.Entry]) -> None:
        self._entries = {entry.device: entry for entry in entries}

    def get(self, device: str) -> roster.Entry | None:
        return self._entries.get(device)

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[roster.Entry]:
        return [one for one in self._entries.values() if site in ("", one.site) and kind in (None, one.kind)]


def judging(series: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The default job and a cheap one over `series` series, a sample each a tick; the ensemble on one."""
    say(f"judging {series} series by the shipped rules")
    default = _ticks(rules.load([DEFAULT]), series)
    say("judging by thresholds alone")
    cheap = _ticks([rule for rule in rules.load([DEFAULT]) if isinstance(rule.test, Threshold)], series)
    say("the ensemble")
    return {
        "series": series,
        "tick_ms_p50": _milliseconds(default, 50),
        "tick_ms_p99": _milliseconds(default, 99),
        "points_per_s": {
            "default": round(series * len(default) / sum(default)),
            "thresholds": round(series * len(cheap) / sum(cheap)),
            "ensemble": _detecting(),
        },
    }


def _ticks(chosen: list[Rule], series: int) -> list[float]:
    """Seconds that each tick took: from the block as ingest hands it over to judgements."""
    evaluator = Evaluator(chosen)
    watched = list(_watched(chosen, series))
    known = _City(
        roster.Entry(device=one.device, kind=one.kind, site=one.site)
        for one in {one.device: one for one in watched}.values()
    )
    dice = np.random.default_rng(1)
    took: list[float] = []
    for tick in range(_WARM + _TICKS):
        now = _START + tick * 10 * SECOND
        block = Block()
        for one, value in zip(watched, dice.uniform(0.2, 0.6, series).tolist(), strict=True):
            block.append(one, now, value)
        scene = Scene(now=now, horizon=now - DAY, roster=known, producer="bench")
        began = time.perf_counter()
        evaluator.take(of_block(block), scene)
        evaluator.tick(scene, _START)
        took.append(time.perf_counter() - began)
    return took[_WARM:]


def _watched(chosen: list[Rule], count: int) -> Iterator[Series]:
    """Series that the rules watch, in turn, on as many devices as it takes."""
    pairs = [
        (rule.select.kind or Kind.KIOSK, metric)
        for rule in chosen
        for metric in rule.select.metrics
        if (entry := measurements.find(metric)) is not None and entry.numeric
    ]
    for number, (kind, metric) in zip(range(count), itertools.cycle(pairs), strict=False):
        place = f"{kind.value}-{number // _EACH:04}"
        yield Series(site="bima", kind=kind, device=place, metric=metric, instance=str(number % _EACH))


def _detecting() -> int:
    detector = ensemble.fresh(calendar=False)
    dice = np.random.default_rng(2)
    values = (np.sin(np.arange(_DETECTED) / 46) + dice.normal(0, 0.1, _DETECTED)).tolist()
    began = time.perf_counter()
    for number, value in enumerate(values):
        detector.score(_START + number * 300 * SECOND, value)
    return round(_DETECTED / (time.perf_counter() - began))


def _milliseconds(took: list[float], percentile: int) -> float:
    return round(float(np.percentile(took, percentile)) * 1_000, 2)
