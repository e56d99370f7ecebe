"""How far a sample lies from a moving mean, in moving absolute deviations that an event does not inflate."""

from __future__ import annotations

from typing import Final

import msgspec

_MEAN: Final = 0.02  # share of each sample in the mean: some fifty samples
_DEVIATION: Final = 0.005  # share in the deviation: some two hundred samples
_CLIP: Final = 4.0  # deviations beyond which a sample counts as so many: an event inflates nothing
_FLOOR: Final = 1e-3  # of the range seen: a flat series has no deviation of its own


class Ewma(msgspec.Struct):
    """Memory: five numbers."""

    seen: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def take(self, value: float) -> float:
        """Distance in deviations, 0 for the first samples."""
        if not self.seen:
            self.seen, self.mean, self.low, self.high = 1, value, value, value
            return 0.0
        apart = abs(value - self.mean)
        scale = max(self.deviation, _FLOOR * (self.high - self.low))
        far = apart / scale if scale > 0.0 else 0.0
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.seen += 1
        self.deviation += max(_DEVIATION, 1.0 / self.seen) * (
            min(apart, _CLIP * scale if scale > 0.0 else apart) - self.deviation
        )
        self.mean += max(_MEAN, 1.0 / self.seen) * (value - self.mean)
        return far
