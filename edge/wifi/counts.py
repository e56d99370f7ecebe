"""Counts that go on over restarts. They hold no identities."""

from __future__ import annotations

from collections import Counter
from typing import Final

from edge.wifi.book import Book
from runtime.clock import KNOWN

_TOTALS: Final = "count"
_LOOKS: Final = "look"
_GAP: Final = "\t"  # between metric and instance, neither of which has one


class Counts:
    """Totals by (metric, instance), and when each radio was last looked at."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._totals: Counter[tuple[str, str]] = Counter()
        self._looks: dict[str, int] = {}
        for key, value in book.shelf(_TOTALS):
            metric, _, instance = key.decode().partition(_GAP)
            self._totals[metric, instance] = int(value)
        for key, value in book.shelf(_LOOKS):
            self._looks[key.decode()] = int(value)

    def add(self, metric: str, instance: str, number: int = 1) -> None:
        """Count on."""
        if number:
            self._totals[metric, instance] += number
            total = b"%d" % self._totals[metric, instance]
            self._book.put(_TOTALS, f"{metric}{_GAP}{instance}".encode(), total)

    def total(self, metric: str, instance: str) -> float:
        """How many were counted, ever."""
        return float(self._totals[metric, instance])

    def looked(self, instance: str, time: int) -> int | None:
        """Note that a radio was looked at (µs UTC); return when it was before, where that is known."""
        before = self._looks.get(instance)
        self._looks[instance] = time
        self._book.put(_LOOKS, instance.encode(), b"%d" % time)
        return before if before is not None and min(before, time) >= KNOWN else None
