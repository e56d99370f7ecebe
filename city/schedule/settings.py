"""Settings of the clocks."""

from __future__ import annotations

import msgspec

from city.outbox import backoff


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How clocks are fired; times in seconds."""

    poll: float = 1.0  # between looks that no bell asked for
    batch: int = 100  # clocks fired in one transaction
    turn: float = (
        0.1  # for which one transaction fires clocks before it commits, so that no writer waits long
    )
    at_once: int = 2  # kinds whose clocks one process fires at the same time
    first_delay: float = 1.0  # after a first failure; doubled each time, give or take a quarter
    most_delay: float = 300.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this failure in a row (1, 2, 3 …)."""
        return backoff.delay(attempt, first=self.first_delay, most=self.most_delay)
