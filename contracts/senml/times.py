"""Which instants a pack may speak of. µs UTC."""

from __future__ import annotations

from typing import Final

from contracts.errors import Refused
from contracts.instants import DAY, MINUTE, SECOND, from_seconds, to_rfc3339

OLDEST: Final = from_seconds(1_262_304_000)  # 2010-01-01: before it no device of ours, nor SenML, existed
AHEAD: Final = DAY  # a clock that runs further ahead is wrong, not fast
RELATIVE_AHEAD: Final = MINUTE  # a larger relative time is the absolute time of a clock that stands near 1970
_MOST: Final = 1e15  # seconds: 30 million years
RELATIVE: Final = 2**28 * SECOND  # below it a time is relative to now (RFC 8428 4.5.3)


def micros(field: str, seconds: float) -> int:
    """Seconds of a pack → µs. Raises Refused beyond what any clock tells: a float there has no whole µs."""
    if abs(seconds) > _MOST:
        raise Refused(field, seconds, f"beyond {_MOST:.0e} s")
    return from_seconds(seconds)


def resolve(base: int, time: int, now: int) -> int:
    """Base Time + Time → instant within bounds. Raises Refused."""
    total = base + time
    if total >= RELATIVE:
        if total < OLDEST:
            raise Refused("t", total / SECOND, f"before {to_rfc3339(OLDEST)}")
        if total > now + AHEAD:
            raise Refused("t", total / SECOND, "more than a day in the future")
        return total
    if total > RELATIVE_AHEAD:
        raise Refused("t", total / SECOND, "more than a minute after now: a clock that stands near 1970?")
    if now + total < OLDEST:
        raise Refused("t", total / SECOND, f"before {to_rfc3339(OLDEST)}, counted from now")
    return now + total
