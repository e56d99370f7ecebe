"""How long to wait before something is tried again: one rule for all that leaves the platform."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from typing import Final

from contracts.instants import SECOND

_DOUBLINGS: Final = 40  # beyond this any limit is reached, and floats would overflow later
_dice: Final = random.SystemRandom()


def delay(attempt: int, *, first: float, most: float) -> float:
    """Seconds to wait after this failure in a row (1, 2, 3 …): doubled each time, give or take a quarter."""
    doubled = first * 2.0 ** min(max(attempt, 1) - 1, _DOUBLINGS)
    return min(most, doubled * _dice.uniform(0.75, 1.25))


def retry_after(text: str, now: int) -> float | None:
    """`Retry-After` of an answer → seconds from now (µs UTC); None where it says nothing that can be used."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now / SECOND)
