"""Around the clock: every µs counts."""

from __future__ import annotations

from typing import Final

from contracts.instants import DAY


class Always:
    """The calendar of emergencies."""

    name: Final = "always"

    def after(self, start: int, span: int) -> int:
        """Instant that lies `span` µs after the start; before it where negative."""
        return start + span

    def between(self, start: int, end: int) -> int:
        """µs from start to end."""
        return end - start

    def closing(self, start: int, days: int) -> int:
        """End of the given number of days: so many times 24 hours after the start."""
        return start + days * DAY
