"""What is recorded while the centre is away: the fuller the spool, the less, so that it lasts a month.

Nothing recorded is given up for it, so the ledger has nothing to explain; `agent.stride` says how thin it is.
Only what can be read again is left out. Alarms do not pass here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from contracts import measurements
from contracts.measurements import Kind
from edge.recorder import Reading

# From such a part of the spool on one of so many readings. It then takes longer to fill by
# 0.5 + 0.25 × 3 + 0.15 × 12 + 0.1 × 60 ≈ 9 times.
STEPS: Final = ((0.9, 60), (0.75, 12), (0.5, 3))
_AGAIN: Final = frozenset({Kind.GAUGE, Kind.COUNTER, Kind.FLAG, Kind.TEXT})  # the next says what this one did


def stride(used: float) -> int:
    """Part of the spool in use, 0 to 1 → one of how many readings is recorded."""
    return next((step for least, step in STEPS if used >= least), 1)


class Thinner:
    """Decides for each round of readings; what only counts what happened since is added up meanwhile."""

    def __init__(self) -> None:
        self.stride = 1
        self._since = 0  # rounds since the last that was recorded
        self._counts: dict[tuple[str, str], Reading] = {}

    def take(self, readings: Iterable[Reading], used: float) -> list[Reading]:
        """What of one round is recorded."""
        self.stride = stride(used)
        self._since += 1
        if due := self._since >= self.stride:
            self._since = 0
        kept: list[Reading] = []
        for reading in readings:
            known = measurements.find(reading.metric)
            if known and known.kind is Kind.COUNT:
                self._add(reading)
            elif due or not known or known.kind not in _AGAIN:
                kept.append(reading)
        if due:
            kept += self._counts.values()
            self._counts = {}
        return kept

    def _add(self, reading: Reading) -> None:
        key = reading.metric, reading.instance
        before = self._counts.get(key)
        if before and isinstance(before.value, float) and isinstance(reading.value, float):
            reading = msgspec.structs.replace(reading, value=before.value + reading.value)
        self._counts[key] = reading
