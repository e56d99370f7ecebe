"""When a row's time has come. Never before the instant that its sample will bear."""

from __future__ import annotations

from contracts.instants import SECOND, WEEK
from edge.replay.settings import Restamp, Settings
from runtime.clock import Clock


class Pace:
    """Moves the rows' times, and says how long until a moved time has come."""

    def __init__(
        self, settings: Settings, clock: Clock, *, first: int, newest: int, done: int | None = None
    ) -> None:
        """`first`, `newest`: times of the file's first and last row; the latter for moving by weeks.

        `done`: up to which moved time an earlier run came.
        """
        self._clock = clock
        self._began = clock.monotonic()
        self._first = first
        self._now = clock.now()
        self._speed = settings.speed
        self._restamp = settings.restamp
        self.weeks = 0
        if self._restamp is Restamp.WEEKS:
            ahead = -(-(self._now - newest) // WEEK)
            self.weeks = ahead if settings.weeks is None else settings.weeks
        self.oldest = 0 if settings.history is None else self._now - round(settings.history * SECOND)
        self.start = self._now - round(settings.played * SECOND)  # rows before are loaded at once
        if self._restamp is Restamp.AS_IS:
            self.start = first
        if done is not None:
            self.start = max(self.start, done)

    def stamp(self, time: int) -> int:
        """Time of a row → time of its samples."""
        if self._restamp is Restamp.NOW:
            return self._now + round((time - self._first) / self._speed)
        return time + self.weeks * WEEK

    def wait(self, stamp: int) -> float:
        """Seconds until the time has come, 0 where it has. At most one: look again, for clocks are set."""
        late = stamp - self._clock.now()
        if late > 0:
            return min(1.0, max(late / SECOND, 0.001))
        if self._speed == 0 or self._restamp is Restamp.NOW:
            return 0.0
        played = self.start + self._speed * (self._clock.monotonic() - self._began) * SECOND
        return min(1.0, max(0.0, (stamp - played) / SECOND / self._speed))
