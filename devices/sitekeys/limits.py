"""How often one device may ask: a bucket of questions that fills steadily."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from runtime.clock import Clock

BURST: Final = 12  # questions at once: a device that starts again and again while somebody repairs it
_MOST: Final = (
    20_000  # devices remembered; whoever was longest silent is forgotten, whose bucket is full anyway
)


class Limits:
    """One thread."""

    def __init__(self, clock: Clock, *, per_hour: float) -> None:
        self._clock = clock
        self._rate = per_hour / 3_600
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, at

    def wait(self, device: str) -> float:
        """Take one question; 0, or the seconds until the device may ask again."""
        now = self._clock.monotonic()
        left, at = self._buckets.pop(device, (float(BURST), now))
        left = min(float(BURST), left + (now - at) * self._rate)
        allowed = left >= 1
        self._buckets[device] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate
