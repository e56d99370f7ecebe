"""What a detector refuses."""

from __future__ import annotations


class Unfit(ValueError):
    """Root of what a detector refuses."""


class NotFinite(Unfit):
    """A value that is no number: leave the sample out."""

    def __init__(self, value: float) -> None:
        self.field, self.value, self.reason = "value", value, "is not finite; leave the sample out"
        super().__init__(f"{self.field} = {self.value}: {self.reason}")


class NotKept(Unfit):
    """A saved memory that another version wrote, or that is damaged: begin afresh."""

    def __init__(self, reason: str) -> None:
        self.field, self.value, self.reason = "memory", "", f"{reason}; begin afresh"
        super().__init__(f"{self.field}: {self.reason}")
