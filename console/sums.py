"""The ledger added up: what was recorded, what is stored, and where the difference is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from contracts import ranges
from contracts.ledger import Hole, Totals

UNEXPLAINED = "unexplained"


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over devices, channels and hours. Counts are samples, events and frames, unless said otherwise."""

    recorded: int  # by devices, as far as they have told
    stored: int
    missing: int  # recorded, and on their way: neither stored, refused, nor given up
    excess: int  # stored, refused or given up beyond what is recorded: devices tell a little later
    lost: int  # given up by devices and declared; it never came
    refused: int  # kept as dead letters
    duplicated: int  # received again; changed nothing
    unsequenced: int  # stored without promise
    untold: int  # rows for which the device has not told its count yet
    unexplained: int  # batches that never came and that nobody declared


def of(totals: Totals, holes: Iterable[Hole]) -> Sums:
    """Totals and holes → sums."""
    return Sums(
        recorded=totals.recorded,
        stored=totals.stored,
        missing=totals.missing,
        excess=totals.excess,
        lost=totals.shed,
        refused=totals.dead,
        duplicated=totals.duplicated,
        unsequenced=totals.unsequenced,
        untold=totals.untold,
        unexplained=sum(ranges.size(hole.ranges) for hole in holes if hole.reason == UNEXPLAINED),
    )
