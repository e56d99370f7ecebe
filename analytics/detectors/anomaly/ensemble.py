"""The default detector: how new is this value, and how new is its distance from the time of day's usual.

What was measured, and what was left out for it, stands in docs/decisions/0053.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from analytics.detectors.anomaly import memory
from analytics.detectors.anomaly.daily import Daily
from analytics.detectors.anomaly.detector import Detector
from analytics.detectors.anomaly.errors import check
from analytics.detectors.anomaly.novelty import Novelty
from analytics.detectors.anomaly.once import Once

VERSION: Final = 3
THRESHOLD: Final = 0.5  # a score from here on is an anomaly
_UNIT: Final = 0.015  # of the range: a gap of so much is one
_CAP: Final = 4.0  # units that one opinion counts at most: the other must be heard
_HALF: Final = 0.65  # units left in the end that score one half: the best threshold on the visible series
_LEARN: Final = 50  # samples, or distances, in which nothing is said of them: everything is new
_FLAT: Final = 1e-3  # of the values' range: smaller distances from the usual are rounding


class Ensemble(msgspec.Struct, kw_only=True):
    """One series. Memory: about 130 KB once it has seen 4,096 samples, less before."""

    version: Literal[3] = VERSION
    daily: Daily
    values: Novelty = msgspec.field(default_factory=Novelty)
    distances: Novelty = msgspec.field(default_factory=Novelty)
    once: Once = msgspec.field(default_factory=Once)

    def score(self, time: int, value: float) -> float:
        """0–1, anomalous from THRESHOLD on. Raises NotFinite, and remembers nothing of such a value."""
        check(value)
        level = self.values.take(value)
        apart = self.daily.take(time, value)
        known = len(self.distances.past) >= _LEARN
        odd = 0.0 if apart is None else self.distances.take(apart, least=_FLAT * self.values.span) * known
        far = (min(level / _UNIT, _CAP) + min(odd / _UNIT, _CAP)) / 2.0
        told = self.once.take(far, ready=self.once.seen >= _LEARN)
        return told / (told + _HALF)

    def save(self) -> bytes:
        return memory.save(self)


def fresh(*, calendar: bool) -> Detector:
    """A detector that has seen nothing; `calendar`: it knows weekends, holidays and Ramadan, in Jakarta."""
    return Ensemble(daily=Daily(calendar=calendar))


def restored(raw: bytes) -> Detector:
    """The detector that was saved. Raises errors.NotKept."""
    return memory.restore(raw, Ensemble)
