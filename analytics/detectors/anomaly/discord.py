"""Left discord: how unlike anything before it is the stretch that ends here.

Distances to every earlier stretch are kept by lag and go on from the one before, faded by a share a sample
instead of cut at a window's edge: two operations a lag, no drift, and the latest part counts most. Values are
compared as they are: z-normalised stretches (`stumpy.stumpi`) find shapes in the noise of an idle sensor.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

from analytics.tracks import Numbers

LAGS: Final = 2_048
_FADE: Final = 0.95  # of the distance, a sample: a stretch of some twenty
_APART: Final = 40  # samples: a stretch is no neighbour of itself


def _lags() -> Numbers:
    return np.zeros(LAGS)


def _room() -> Numbers:
    return np.zeros(2 * LAGS)


class Discord(msgspec.Struct, tag="discord"):
    """Memory: the last values and a distance a lag."""

    distance: np.ndarray = msgspec.field(default_factory=_lags)  # squared, by lag
    past: np.ndarray = msgspec.field(default_factory=_room)  # newest first, from `first` on
    first: int = 2 * LAGS
    seen: int = 0

    def __post_init__(self) -> None:
        if self.distance.shape != (LAGS,) or self.past.shape != (2 * LAGS,) or not 0 < self.first <= 2 * LAGS:
            raise ValueError("distances and values do not belong together")

    def take(self, value: float) -> float:
        """Root of the mean square distance to the nearest stretch; 0 while there is none."""
        count = min(self.seen, LAGS)
        apart = self.past[self.first : self.first + count] - value
        reach = self.distance[:count]
        reach *= _FADE
        apart *= apart
        reach += apart
        self._learn(value)
        old = count if count == LAGS else count - _APART  # stretches that began before the first sample
        return math.sqrt(float(reach[_APART:old].min()) * (1.0 - _FADE)) if old > _APART else 0.0

    def _learn(self, value: float) -> None:
        self.seen += 1
        self.first -= 1
        self.past[self.first] = value
        if not self.first:
            self.past[LAGS:] = self.past[:LAGS]
            self.first = LAGS
