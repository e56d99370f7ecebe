"""How far a sample lies from a moving mean, in moving absolute deviations that an event does not inflate."""

from __future__ import annotations

from typing import Final

import msgspec

_DEVIATION: Final = 0.005  # share of a sample in the deviation: some two hundred samples
_CLIP: Final = 4.0  # deviations that a sample counts at most: an event inflates nothing
_FLOOR: Final = 1e-6  # of the range seen: a flat series has no deviation of its own


class Ewma(msgspec.Struct, tag="ewma"):
    """Memory: five numbers. The mean follows a level that stays within some 1 / share samples."""

    share: float = 0.02  # of a sample in the mean
    seen: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def apart(self, value: float) -> float:
        """Distance in deviations, with its sign; 0 for the first sample."""
        if not self.seen:
            self.seen, self.mean, self.low, self.high = 1, value, value, value
            return 0.0
        apart = value - self.mean
        scale = max(self.deviation, _FLOOR * (self.high - self.low))
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.seen += 1
        counted = min(abs(apart), _CLIP * scale) if scale > 0.0 else abs(apart)
        self.deviation += max(_DEVIATION, 1.0 / self.seen) * (counted - self.deviation)
        self.mean += max(self.share, 1.0 / self.seen) * apart
        return apart / scale if scale > 0.0 else 0.0

    def take(self, value: float) -> float:
        """Distance in deviations."""
        return abs(self.apart(value))
