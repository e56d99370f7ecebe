"""Sequence numbers received, as ranges that grow in place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from contracts.ranges import Range, Ranges


class Seen:
    """Sorted, disjoint, closed ranges. Nearly every number continues the last range."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def holds(self, number: int) -> bool:
        """Whether the number is in it."""
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]

    def add(self, first: int, last: int) -> None:
        """Add every number first…last, held already or not."""
        firsts, lasts = self._firsts, self._lasts
        if lasts and lasts[-1] + 1 == first:
            lasts[-1] = last
            return
        low = bisect_right(lasts, first - 2)  # the first range that touches
        high = bisect_right(firsts, last + 1)  # the first that lies beyond
        if low < high:
            first, last = min(first, firsts[low]), max(last, lasts[high - 1])
        firsts[low:high] = [first]
        lasts[low:high] = [last]

    @property
    def ranges(self) -> Ranges:
        """What it holds."""
        return tuple(zip(self._firsts, self._lasts, strict=True))
