"""The ledger's rows added up: what was recorded, what is stored, and where the difference is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from contracts import ranges
from contracts.ledger import Hole, Row

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


def add(rows: Iterable[Row], holes: Iterable[Hole]) -> Sums:
    """Rows and holes → their sums."""
    rows = list(rows)
    return Sums(
        recorded=sum(row.recorded or 0 for row in rows),
        stored=sum(row.stored for row in rows),
        missing=sum(row.missing for row in rows),
        excess=sum(row.excess for row in rows),
        lost=sum(row.shed for row in rows),
        refused=sum(row.dead for row in rows),
        duplicated=sum(row.duplicated for row in rows),
        unsequenced=sum(row.unsequenced for row in rows),
        untold=sum(row.recorded is None and row.stored > row.unsequenced for row in rows),
        unexplained=sum(ranges.size(hole.ranges) for hole in holes if hole.reason == UNEXPLAINED),
    )
