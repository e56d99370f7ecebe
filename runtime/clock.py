"""Time comes in by argument: one port, the machine's clock, and a fake that moves when told."""

from __future__ import annotations

import time
from typing import Final, Protocol

KNOWN: Final = 1_577_836_800_000_000  # µs UTC, 2020: an earlier `now` is no time of day, none is known
_START: Final = 1_790_000_000_000_000  # µs UTC at which a fake starts, so that no test meets 1970 unasked


class Clock(Protocol):
    """How all code asks for the time."""

    def now(self) -> int:
        """µs UTC; may jump when somebody sets the machine's clock."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class System:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        return time.monotonic()


class Fake:
    """A clock that stands until it is told to advance, or is set back as a real one may be."""

    def __init__(self, now: int = _START, monotonic: float = 0.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times on."""
        if seconds < 0:
            raise ValueError("monotonic time never goes back: use jump")
        self._now += round(seconds * 1_000_000)
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move only the time of day, as when somebody sets the machine's clock."""
        self._now += round(seconds * 1_000_000)
