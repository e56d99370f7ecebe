"""Batches that a device gave up on their way, against what was received."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contracts.events import Stray
from contracts.ranges import Ranges


def came(strays: Iterable[Stray], received: Callable[[int], Ranges]) -> int:
    """Samples in those that came. `received`: epoch → sequence numbers of the stream."""
    return sum(
        stray.each * max(0, min(stray.last, last) - max(stray.first, first) + 1)
        for stray in strays
        for first, last in received(stray.epoch)
    )
