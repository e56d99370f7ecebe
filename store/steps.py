"""Which roll-up answers an aggregate, and over which whole buckets; the same for both engines."""

from __future__ import annotations

from contracts.errors import Refused
from contracts.instants import floor, to_rfc3339
from contracts.series import Statistic
from store import errors
from store.port import LEVELS

_PERCENTILES = (Statistic.P50, Statistic.P95, Statistic.P99)


def whole(start: int, end: int, step: int) -> tuple[int, int]:
    """The whole buckets that overlap start ≤ t < end. Raises Refused."""
    if step < 1:
        raise Refused("step", step, "at least 1 µs")
    return floor(start, step), -floor(-end, step)


def level(step: int, statistic: Statistic) -> int | None:
    """The coarsest roll-up whose buckets make up the step, or None where only samples can tell.

    Percentiles are never made of other percentiles: their step must be a roll-up's.
    """
    if statistic in _PERCENTILES:
        return step if step in LEVELS else None
    return max((one for one in LEVELS if step % one == 0), default=None)


def need_samples(start: int, kept: int) -> None:
    """Raise Gone where samples are asked for that have expired, though coarser roll-ups have not."""
    if start < kept:
        raise errors.Gone(
            f"samples before {to_rfc3339(kept)} have expired",
            cure="ask from then on, or by whole minutes; percentiles by 1 or 15 minutes, 1 hour or 1 day",
        )
