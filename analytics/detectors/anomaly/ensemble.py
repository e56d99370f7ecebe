"""The default detector: what the others say, made comparable, said once."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from analytics.detectors.anomaly import memory
from analytics.detectors.anomaly.detector import Detector
from analytics.detectors.anomaly.errors import NotFinite
from analytics.detectors.anomaly.ewma import Ewma

VERSION: Final = 1
THRESHOLD: Final = 0.5  # a score from here on is an anomaly
_FADE: Final = 0.9995  # of the record, a sample
_QUIET: Final = 50  # samples in which nothing is said: nothing is known yet


class Ensemble(msgspec.Struct, kw_only=True):
    """One series. `calendar`: whether it knows weekdays and holidays."""

    version: Literal[1] = VERSION
    calendar: bool
    ewma: Ewma = msgspec.field(default_factory=Ewma)
    record: float = 0.0
    seen: int = 0

    def score(self, time: int, value: float) -> float:  # noqa: ARG002 - the calendar's
        """How far beyond the record of this series, as a share: half is the record itself."""
        if not math.isfinite(value):
            raise NotFinite(value)
        far = self.ewma.take(value)
        beyond = far / self.record if self.record > 0.0 else 0.0
        self.record = max(far, self.record * _FADE)
        self.seen += 1
        return 0.0 if self.seen <= _QUIET else beyond / (1.0 + beyond)

    def save(self) -> bytes:
        return memory.save(self)


def fresh(*, calendar: bool) -> Detector:
    """A detector that has seen nothing."""
    return Ensemble(calendar=calendar)


def restored(raw: bytes) -> Detector:
    """The detector that was saved. Raises errors.NotKept."""
    return memory.restore(raw, Ensemble)
