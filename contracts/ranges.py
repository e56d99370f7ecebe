"""Sets of sequence numbers as sorted, disjoint, closed ranges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

Number = Annotated[int, msgspec.Meta(ge=1, le=2**62)]  # whatever a store's integers hold, also after adding 1
Range = tuple[Number, Number]
Ranges = tuple[Range, ...]


def of(numbers: Iterable[int]) -> Ranges:
    """Fewest ranges that hold exactly these numbers."""
    return union((n, n) for n in numbers)


def union(*parts: Iterable[Range]) -> Ranges:
    """Fewest ranges that hold every number of the parts. Raises ValueError where one ends too early."""
    merged: list[Range] = []
    for first, last in sorted(r for part in parts for r in part):
        if last < first:
            msg = f"range ends before it starts: {first}–{last}"
            raise ValueError(msg)
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def holds(ranges: Ranges, number: int) -> bool:
    """Whether the number is in the set."""
    return any(first <= number <= last for first, last in ranges)


def gaps(ranges: Ranges, last: int, first: int = 1) -> Ranges:
    """Ranges of first…last that the set does not hold."""
    missing: list[Range] = []
    start = first
    for low, high in ranges:
        if low > last:
            break
        if low > start:
            missing.append((start, low - 1))
        start = max(start, high + 1)
    if start <= last:
        missing.append((start, last))
    return tuple(missing)


def size(ranges: Ranges) -> int:
    """How many numbers the set holds."""
    return sum(last - first + 1 for first, last in ranges)
