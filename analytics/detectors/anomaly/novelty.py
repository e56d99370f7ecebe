"""Nearest-neighbour novelty: how far a value lies from the nearest one seen before.

As a share of the range seen, which fades: one wild sample does not make all others look small for ever. A
level that came once is no news the second time, and is forgotten once so many values came after it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec

from analytics.detectors.anomaly.memory import Floats, numbers

KEPT: Final = 4_096  # values: two weeks of five minutes, and 64 KB
_FADE: Final = 0.9999  # of the range's half, a sample: halved after 6,900


class Novelty(msgspec.Struct, tag="novelty"):
    """Memory: the last values in order of time and in order of size."""

    past: Floats = msgspec.field(default_factory=numbers)  # a ring once it is full
    ordered: Floats = msgspec.field(default_factory=numbers)
    oldest: int = 0  # place in the ring
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        if len(self.past) != len(self.ordered) or not 0 <= self.oldest < KEPT or len(self.past) > KEPT:
            raise ValueError("ring and order do not belong together")

    def take(self, value: float, *, least: float = 0.0) -> float:
        """Gap to the nearest value as a share of the range, or of `least` if more; 1 from a flat past."""
        far = self._gap(value, least) if self.ordered else 0.0
        self._learn(value)
        return far

    @property
    def span(self) -> float:
        """Range of what was seen, faded."""
        return self.high - self.low

    def _gap(self, value: float, least: float) -> float:
        place = bisect_left(self.ordered, value)
        gap = self.ordered[place] - value if place < len(self.ordered) else value - self.ordered[-1]
        if place:
            gap = min(gap, value - self.ordered[place - 1])
        scale = max(self.high - self.low, least)
        return gap / scale if scale > 0.0 else float(gap > 0.0)

    def _learn(self, value: float) -> None:
        if not self.ordered:
            self.low = self.high = value
        middle, half = (self.low + self.high) / 2.0, (self.high - self.low) / 2.0 * _FADE
        self.low, self.high = min(value, middle - half), max(value, middle + half)
        if len(self.past) < KEPT:
            self.past.append(value)
        else:
            old, self.past[self.oldest] = self.past[self.oldest], value
            self.oldest = (self.oldest + 1) % KEPT
            del self.ordered[bisect_left(self.ordered, old)]
        self.ordered.insert(bisect_left(self.ordered, value), value)
