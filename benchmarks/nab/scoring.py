"""What an answer is worth: windows, sigmoid, profiles, and the best threshold.

Of a window counts the best answer in it, the earlier the better: 1 at its left edge, falling along a sigmoid
to 0 at its right edge; a window without an answer costs `missed`. An answer outside costs `false_alarm`, less
closely behind a window. The sum is put between 0, says nothing, and 100, says each window at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from analytics.tracks import Numbers

PROBATION: Final = 0.15  # of the rows are not scored, at most …
PROBATION_MOST: Final = 750  # … so many
_FAR: Final = 3.0  # window widths behind a window from which on an answer is simply wrong
_STEEP: Final = 5.0
Window = tuple[int, int]  # first and last row


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is dear to whom."""

    name: str
    found: float = 1.0
    false_alarm: float = 0.11
    missed: float = 1.0


STANDARD: Final = Profile(name="standard")
LOW_FP: Final = Profile(name="low_fp", false_alarm=0.22)
LOW_FN: Final = Profile(name="low_fn", missed=2.0)
PROFILES: Final = (STANDARD, LOW_FP, LOW_FN)


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """How the sum of one series grows as the threshold falls."""

    scores: Numbers  # falling
    gains: Numbers  # what the answer at each of them adds
    windows: int  # that are scored
    base: float  # the sum where nothing is said


def unscored(rows: int) -> int:
    """Rows at the beginning that are not scored."""
    return min(math.floor(PROBATION * rows), PROBATION_MOST)


def sigmoid(position: float) -> float:
    """Worth of an answer by its place: -1 is a window's left edge, 0 its right edge, above 0 behind it."""
    return -1.0 if position >= _FAR else 2.0 / (1.0 + math.exp(_STEEP * position)) - 1.0


def worth(rows: int, windows: Sequence[Window]) -> tuple[Numbers, Numbers]:
    """Of an answer at each row: its worth, and the window it lies in (-1 for none)."""
    value, inside = np.full(rows, -1.0), np.full(rows, -1.0)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        for row in range(first, last + 1):
            value[row] = sigmoid(-(last - row + 1) / width) / sigmoid(-1.0)
        inside[first : last + 1] = number
        after = windows[number + 1][0] if number + 1 < len(windows) else rows
        for row in range(last + 1, after):
            value[row] = sigmoid((row - last) / max(width - 1, 1))
    return value, inside


def steps(scores: Numbers, windows: Sequence[Window], profile: Profile) -> Steps:
    """Gains of one series by falling score."""
    begin = unscored(len(scores))
    value, inside = (part[begin:] for part in worth(len(scores), windows))
    order = np.argsort(-scores[begin:], kind="stable")
    places = inside[order].astype(int)
    gains = value[order] * np.where(places < 0, profile.false_alarm, profile.found)
    there = sorted(set(places[places >= 0].tolist()))
    for number in there:
        mine = np.flatnonzero(places == number)
        best = np.maximum.accumulate(np.append(-profile.missed, gains[mine]))
        gains[mine] = np.diff(best)
    return Steps(
        scores=scores[begin:][order], gains=gains, windows=len(there), base=-profile.missed * len(there)
    )


def total(series: Sequence[Steps], threshold: float) -> float:
    """Sum over the series at one threshold."""
    return sum(one.base + float(one.gains[one.scores >= threshold].sum()) for one in series)


def best(series: Sequence[Steps]) -> float:
    """The threshold with the highest sum: tried is every score there is, and saying nothing (above 1)."""
    scores = np.concatenate([one.scores for one in series])
    gains = np.concatenate([one.gains for one in series])
    order = np.argsort(-scores, kind="stable")
    scores, sums = scores[order], np.cumsum(gains[order])
    ends = np.flatnonzero(np.append(np.diff(scores) != 0.0, True))
    if not len(ends) or sums[ends].max() <= 0.0:
        return math.nextafter(1.0, 2.0)
    return float(scores[ends[int(np.argmax(sums[ends]))]])


def normal(raw: float, windows: int, profile: Profile) -> float:
    """A sum between 0 for silence and 100 for perfection; may be negative."""
    if not windows:
        return math.nan
    return 100.0 * (raw + profile.missed * windows) / ((profile.found + profile.missed) * windows)
