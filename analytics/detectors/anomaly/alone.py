"""One statistic as a detector of its own: over its slowly fading record, so one threshold fits all series."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from analytics.detectors.anomaly import memory
from analytics.detectors.anomaly.change import Change
from analytics.detectors.anomaly.discord import Discord
from analytics.detectors.anomaly.errors import check
from analytics.detectors.anomaly.ewma import Ewma
from analytics.detectors.anomaly.novelty import Novelty
from analytics.detectors.anomaly.once import Once
from analytics.detectors.anomaly.spectral import Spectral

_FADE: Final = 0.9995  # of the record, a sample: halved after 1,400
_LEARN: Final = 50  # samples in which nothing is said

Statistic = Change | Discord | Ewma | Novelty | Spectral


class Alone(msgspec.Struct, kw_only=True):
    """A statistic, its record, and what was said of it. Half is the record itself."""

    version: Literal[1] = 1
    statistic: Statistic
    record: float = 0.0
    once: Once = msgspec.field(default_factory=Once)

    def score(self, time: int, value: float) -> float:  # noqa: ARG002 - every sample is one step
        """0–1. Raises errors.NotFinite."""
        check(value)
        far = self.statistic.take(value)
        beyond = far / self.record if self.record > 0.0 else float(far > 0.0)
        self.record = max(far, self.record * _FADE)
        told = self.once.take(beyond, ready=self.once.seen >= _LEARN)
        return told / (1.0 + told)

    def save(self) -> bytes:
        return memory.save(self)


def restored(raw: bytes) -> Alone:
    """The detector that was saved. Raises errors.NotKept."""
    return memory.restore(raw, Alone)
