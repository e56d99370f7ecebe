"""Figures of each detector: scores by profile, on known and on held-out series, points a second, bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from analytics.detectors.anomaly.alone import Alone
from analytics.detectors.anomaly.change import Change
from analytics.detectors.anomaly.detector import Detector
from analytics.detectors.anomaly.discord import Discord
from analytics.detectors.anomaly.ensemble import THRESHOLD, fresh
from analytics.detectors.anomaly.ewma import Ewma
from analytics.detectors.anomaly.novelty import Novelty
from analytics.detectors.anomaly.spectral import Spectral
from analytics.tracks import Numbers
from benchmarks.nab.corpus import Series, load
from benchmarks.nab.held_out import halves, one_group_out
from benchmarks.nab.scoring import PROFILES, STANDARD, best, normal, steps, total, unscored

DETECTORS: Final[dict[str, Callable[[], Detector]]] = {
    "ensemble": lambda: fresh(calendar=False),
    "novelty": lambda: Alone(statistic=Novelty()),
    "discord": lambda: Alone(statistic=Discord()),
    "spectral": lambda: Alone(statistic=Spectral()),
    "ewma": lambda: Alone(statistic=Ewma()),
    "change": lambda: Alone(statistic=Change()),
}
Say = Callable[[str], None]


def run(
    folder: Path, *, only: str | None = None, seed: int = 1, say: Say = lambda _: None
) -> dict[str, dict[str, float]]:
    """Figures by detector; `only`: one of DETECTORS. Raises table.BadRow, OSError."""
    corpus = load(folder)
    found = {}
    for name in [only] if only else DETECTORS:
        say(name)
        found[name] = measure(corpus, DETECTORS[name], seed=seed)
    return found


def measure(corpus: list[Series], make: Callable[[], Detector], *, seed: int) -> dict[str, float]:
    """Figures of one detector over all series."""
    started = time.process_time()
    scored = [_score(make(), one) for one in corpus]
    took = time.process_time() - started
    points = sum(len(one.values) for one in corpus)
    figures = {
        "points": float(points),
        "points_per_s": points / took,
        "memory_bytes_max": float(max(kept for _, kept in scored)),
    }
    scores = [found for found, _ in scored]
    for profile in PROFILES:
        series = [steps(found, one.windows, profile) for found, one in zip(scores, corpus, strict=True)]
        windows = sum(one.windows for one in series)
        threshold = best(series)
        halved = halves(series, profile, seed=seed)
        figures |= {
            profile.name: normal(total(series, threshold), windows, profile),
            f"{profile.name}_threshold": threshold,
            f"{profile.name}_at_default": normal(total(series, THRESHOLD), windows, profile),
            f"{profile.name}_category_out": one_group_out(series, [one.category for one in corpus], profile),
            f"{profile.name}_series_out": one_group_out(series, [one.name for one in corpus], profile),
            f"{profile.name}_half_out": halved["mean"],
            f"{profile.name}_half_out_sd": halved["sd"],
            f"{profile.name}_half_out_p10": halved["p10"],
        }
        if profile is STANDARD:
            figures |= _said(scores, corpus, threshold)
    return figures


def _score(detector: Detector, series: Series) -> tuple[Numbers, int]:
    """Scores, and the bytes of memory at the end."""
    found = [detector.score(moment, value) for moment, value in zip(series.times, series.values, strict=True)]
    return np.array(found), len(detector.save())


def _said(scores: list[Numbers], corpus: list[Series], threshold: float) -> dict[str, float]:
    """What was found, and how many false alarms that cost."""
    windows = hits = false = 0
    for found, one in zip(scores, corpus, strict=True):
        begin = unscored(len(found))
        said = np.flatnonzero(found >= threshold)
        said = said[said >= begin]
        inside = np.zeros(len(said), np.bool_)
        for first, last in one.windows:
            mine = (said >= first) & (said <= last)
            inside |= mine
            windows, hits = windows + (last >= begin), hits + bool(mine.any())
        false += int((~inside).sum())
    rows = sum(len(found) - unscored(len(found)) for found in scores)
    return {"windows": windows, "windows_found": hits, "false_alarms_per_1000": 1_000.0 * false / rows}
