"""What every detector of a single series is: one score a sample, and a memory that can be put away."""

from __future__ import annotations

from typing import Protocol


class Detector(Protocol):
    """Scores samples in the order of their time; knows nothing of what comes later."""

    def score(self, time: int, value: float) -> float:
        """0–1 for a sample at µs UTC, anomalous from `ensemble.THRESHOLD` on. Raises errors.NotFinite."""
        ...

    def save(self) -> bytes:
        """The whole memory: what `restored` makes of it goes on with the same scores."""
        ...
