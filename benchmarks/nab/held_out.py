"""Scores on series that the threshold was not chosen by: the spread tells what unseen series may bring."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from statistics import fmean, quantiles, stdev
from typing import Final

from benchmarks.nab.scoring import Profile, Steps, best, normal, total

HALVINGS: Final = 200


def one_group_out(series: Sequence[Steps], groups: Sequence[str], profile: Profile) -> float:
    """Each group scored by the threshold that is best for the others."""
    raw = 0.0
    for group in sorted(set(groups)):
        others = [one for one, its in zip(series, groups, strict=True) if its != group]
        mine = [one for one, its in zip(series, groups, strict=True) if its == group]
        raw += total(mine, best(others))
    return normal(raw, _windows(series), profile)


def halves(series: Sequence[Steps], profile: Profile, *, seed: int) -> dict[str, float]:
    """One half scored by the threshold that is best for the other, for many random halvings."""
    dice, found = random.Random(seed), []
    for _ in range(HALVINGS):
        order = dice.sample(range(len(series)), len(series))
        known = [series[place] for place in order[: len(order) // 2]]
        unseen = [series[place] for place in order[len(order) // 2 :]]
        if _windows(unseen):
            found.append(normal(total(unseen, best(known)), _windows(unseen), profile))
    return {"mean": fmean(found), "sd": stdev(found), "p10": quantiles(found, n=10)[0]}


def _windows(series: Iterable[Steps]) -> int:
    return sum(one.windows for one in series)
