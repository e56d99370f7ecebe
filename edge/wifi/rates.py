"""Counters become rates: wraps are seen through, restarts and nonsense tell nothing."""

from __future__ import annotations

from typing import Final

_FASTEST: Final = 1e12  # bits per second; what would be more was no wrap, but a counter set back


class Rates:
    """Remembers the counters of one device, and when it was asked."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, int]] = {}
        self._now: dict[str, tuple[float, int]] = {}

    def begin(self, *, restarted: bool = False) -> None:
        """A new reading of the device; one that restarted counts from nought."""
        self._before = {} if restarted else self._now
        self._now = {}

    def bits(
        self, key: str, octets: int, at: float, *, width: int = 64, fastest: float = _FASTEST
    ) -> float | None:
        """Bits per second since the reading before; None where that cannot be known."""
        self._now[key] = (at, octets)
        if key not in self._before:
            return None
        then, before = self._before[key]
        if at <= then:
            return None
        moved = octets - before
        if moved < 0:
            moved += 1 << width
        rate = moved * 8 / (at - then)
        return rate if 0 <= rate <= fastest else None
