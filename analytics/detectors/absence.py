"""No sample for longer than a time: judged by the clock, for what is missing brings no sample."""

from __future__ import annotations

import numpy as np

from analytics.tracks import NEVER, Mask, Times


def missing(last: Times, firing: Mask, *, now: int, silence: int, since: int) -> Mask:
    """Which have just become absent: nothing newer than `silence` (µs), counted from `since` at the earliest.

    `since` is when we began to listen: what came before that we may not have heard.
    """
    absent: Mask = (last != NEVER) & ~firing & (np.maximum(last, since) < now - silence)
    return absent


def back(last: Times, firing: Mask, *, now: int, silence: int) -> Mask:
    """Which absent ones have a sample that is new enough again."""
    returned: Mask = firing & (last >= now - silence)
    return returned
