"""The ledger: recorded, sent, received, stored per device, channel and hour, from both ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from contracts.ranges import Ranges


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device, channel and hour of sample time. Counts are samples, events or frames, each once."""

    site: str
    kind: str
    device: str
    channel: str
    hour: int  # µs UTC at its start
    recorded: int | None  # by the device; None until its tally for this hour has come
    sent: int | None
    shed: int  # given up by the device and declared, without what came all the same
    received: int  # in batches seen for the first time
    stored: int
    dead: int  # kept as dead letters
    duplicated: int  # received again; changed nothing
    unsequenced: int  # stored, but from a client that numbers nothing: no promise

    @property
    def missing(self) -> int:
        """Recorded but neither stored, dead nor declared: in flight, or lost. 0 until the device tells."""
        return max(0, self._balance)

    @property
    def excess(self) -> int:
        """Stored, dead or declared beyond what is recorded: the tally is older, or a count is wrong."""
        return max(0, -self._balance)

    @property
    def _balance(self) -> int:
        if self.recorded is None:
            return 0
        return self.recorded - self.shed - (self.stored - self.unsequenced) - self.dead


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Rows added up, over devices, channels and hours."""

    recorded: int  # by devices, as far as they have told
    stored: int
    missing: int  # hour by hour: one hour's excess hides nothing that is missing in another
    excess: int
    shed: int
    dead: int
    duplicated: int
    unsequenced: int
    untold: int  # rows for which the device has not told its count yet

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        """What rows add up to; where there are many, the store does it better."""
        rows = list(rows)
        return cls(
            recorded=sum(row.recorded or 0 for row in rows),
            stored=sum(row.stored for row in rows),
            missing=sum(row.missing for row in rows),
            excess=sum(row.excess for row in rows),
            shed=sum(row.shed for row in rows),
            dead=sum(row.dead for row in rows),
            duplicated=sum(row.duplicated for row in rows),
            unsequenced=sum(row.unsequenced for row in rows),
            untold=sum(row.recorded is None and row.stored > row.unsequenced for row in rows),
        )

    def __add__(self, other: Totals) -> Totals:
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Totals(**{name: count + theirs[name] for name, count in mine.items()})


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Sequence numbers of a stream that never came, and why if the device said so."""

    device: str
    channel: str
    epoch: int
    ranges: Ranges
    reason: str  # declared reason; `in flight` while the epoch lives; `unexplained`


class Reader(Protocol):
    """How the ledger is read. Calls block: use a thread."""

    def rows(self, start: int, end: int, *, device: str = "", limit: int = 10_000) -> list[Row]:
        """Rows with start ≤ hour < end (µs UTC), in order of (hour, device, channel)."""
        ...

    def totals(self, start: int, end: int, *, device: str = "") -> Totals:
        """What all rows with start ≤ hour < end (µs UTC) add up to."""
        ...

    def holes(self, *, device: str = "", limit: int = 1_000) -> list[Hole]:
        """Holes in the sequence numbers received so far."""
        ...
