"""What a half-hour of the day usually brings, and how far a sample lies from it.

With a calendar each kind of day has half-hours of its own. A single event moves the baseline little, for each
sample moves it by no more than some deviations; a level that stays is what is usual after some days.
"""

from __future__ import annotations

import math
from array import array
from typing import Final

import msgspec

from analytics.detectors.anomaly import days
from analytics.detectors.anomaly.memory import Floats
from contracts.instants import DAY, MINUTE

_SLOT: Final = 30 * MINUTE
SLOTS: Final = DAY // _SLOT
_SHARE: Final = 0.08  # of a sample in its half-hour's baseline, once so many came that it is no mean any more
_FREE: Final = 6  # samples of a half-hour that move it freely: what was there first may be the odd one
_SLOW: Final = 0.005  # share of a sample in the deviation
_CLIP: Final = 5.0  # deviations by which a sample may move the baseline, at most …
_FLOOR: Final = 0.2  # … or so much of the range, for a quiet past says little of spread


def _none() -> Floats:
    return array("d", [0.0]) * (SLOTS * days.KINDS)


def _unknown() -> Floats:
    return array("d", [math.nan]) * (SLOTS * days.KINDS)


class Daily(msgspec.Struct, kw_only=True):
    """Memory: a baseline a half-hour and kind of day, one deviation. `calendar` tells kinds apart."""

    calendar: bool
    usual: Floats = msgspec.field(default_factory=_unknown)  # NaN where nothing came yet
    counts: Floats = msgspec.field(default_factory=_none)  # samples of each
    deviation: float = 0.0
    seen: int = 0
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        if not len(self.usual) == len(self.counts) == SLOTS * days.KINDS:
            raise ValueError("not the half-hours of a day")

    def take(self, time: int, value: float) -> float | None:
        """Distance from the usual, with its sign; None until enough is known of this half-hour."""
        if not self.seen:
            self.low = self.high = value
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.seen += 1
        slot = time % DAY // _SLOT
        place = slot + SLOTS * days.kind(time) if self.calendar else slot
        usual = self.usual[place]
        count = self.counts[place]
        self.counts[place] = count + 1.0
        if math.isnan(usual) and math.isnan(usual := self._other(slot)):
            self.usual[place] = value
            return None
        apart = moved = value - usual
        if count >= _FREE:
            reach = max(_CLIP * self.deviation, _FLOOR * (self.high - self.low))
            moved = min(max(apart, -reach), reach)
        self.deviation += max(_SLOW, 1.0 / self.seen) * (abs(moved) - self.deviation)
        self.usual[place] = usual + max(_SHARE, 1.0 / (count + 1.0)) * moved
        return apart if count >= _FREE else None

    def _other(self, slot: int) -> float:
        """What another kind of day brings in this half-hour, NaN where none does."""
        if not self.calendar:
            return math.nan
        found = (self.usual[slot + SLOTS * kind] for kind in range(days.KINDS))
        return next((usual for usual in found if not math.isnan(usual)), math.nan)
