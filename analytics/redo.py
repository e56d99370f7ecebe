"""What is to be said where samples came late: the difference between what was said and what is found now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

Turn = tuple[int, bool]  # µs UTC, whether it was raised (else cleared)
_ALWAYS: Final = -(2**63)
_FOR_EVER: Final = 2**63 - 1


class Episode(NamedTuple):
    """From the sample that raised to the one that cleared."""

    start: int
    end: int

    def whole(self) -> bool:
        """Whether both are known."""
        return self.start != _ALWAYS and self.end != _FOR_EVER


def episodes(turns: Sequence[Turn], *, firing: bool) -> list[Episode]:
    """Episodes of turns in order of time; `firing`: whether one was open before the first of them."""
    found: list[Episode] = []
    start = _ALWAYS if firing else None
    for time, raised in turns:
        if raised and start is None:
            start = time
        elif not raised and start is not None:
            found.append(Episode(start, time))
            start = None
    if start is not None:
        found.append(Episode(start, _FOR_EVER))
    return found


def missed(said: Sequence[Turn], found: Sequence[Turn], *, firing: bool) -> list[Episode]:
    """Episodes that began and ended, and that no alert told of: none of what was said overlaps them."""
    known = episodes(said, firing=firing)
    return [
        one
        for one in episodes(found, firing=firing)
        if one.whole() and not any(one.start <= other.end and other.start <= one.end for other in known)
    ]
