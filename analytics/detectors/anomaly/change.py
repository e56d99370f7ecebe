"""Change point: cumulative sums of small distances to one side, which single samples do not fill."""

from __future__ import annotations

from typing import Final

import msgspec

from analytics.detectors.anomaly.ewma import Ewma

_SLACK: Final = 0.5  # deviations that a sample may lie apart without being counted
_CLIP: Final = 3.0  # deviations that a sample counts at most: a spike is no change of level


def _slow() -> Ewma:
    return Ewma(share=0.003)


class Change(msgspec.Struct, tag="change"):
    """Memory: a slow mean and two sums (CUSUM). As the mean follows the new level, the sums run empty."""

    slow: Ewma = msgspec.field(default_factory=_slow)
    above: float = 0.0
    below: float = 0.0

    def take(self, value: float) -> float:
        """The greater sum, in deviations."""
        apart = min(max(self.slow.apart(value), -_CLIP), _CLIP)
        self.above = max(0.0, self.above + apart - _SLACK)
        self.below = max(0.0, self.below - apart - _SLACK)
        return max(self.above, self.below)
