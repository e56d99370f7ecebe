"""What a detector refuses."""

from __future__ import annotations

from typing import Final

MOST: Final = 1e300  # differences of greater values are no numbers any more


class Unfit(ValueError):
    """Root of what a detector refuses."""


class NotFinite(Unfit):
    """A value that is no number, or none to reckon with: leave the sample out."""

    def __init__(self, value: float) -> None:
        self.field, self.value, self.reason = "value", value, "is not finite"
        if abs(value) > MOST:
            self.reason = f"is not finite, or beyond {MOST:g}"
        super().__init__(f"{self.field} = {self.value}: {self.reason}; leave the sample out")


class NotKept(Unfit):
    """A saved memory that another version wrote, or that is damaged: begin afresh."""

    def __init__(self, reason: str) -> None:
        self.field, self.value, self.reason = "memory", "", reason
        super().__init__(f"{self.field}: {self.reason}; begin afresh")


def check(value: float) -> None:
    """Raises NotFinite."""
    if not -MOST <= value <= MOST:  # true of NaN too
        raise NotFinite(value)
