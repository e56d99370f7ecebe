"""Settings of the relay."""

from __future__ import annotations

import msgspec

from city.outbox import backoff
from contracts.instants import DAY, HOUR, SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the relay works; times in seconds."""

    lease: float = 3.0  # after which another process takes over from one that was killed
    poll: float = 0.2  # between looks for events that no bell announced
    batch: int = 100  # events taken from the table at once
    first_delay: float = 0.1  # after a first failure; doubles from there, with jitter
    most_delay: float = 5.0
    keep: float = 7 * DAY / SECOND  # delivered events
    keep_probes: float = HOUR / SECOND
    keep_parked: float = 90 * DAY / SECOND  # dead letters
    sweep: float = 60.0  # between deletions of what is too old

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this failure in a row (1, 2, 3 …)."""
        return backoff.delay(attempt, first=self.first_delay, most=self.most_delay)
