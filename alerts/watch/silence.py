"""Whether probes still arrive. Pure: told of the newest one, it says when that has become news."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.instants import SECOND


class What(StrEnum):
    """What is news."""

    SILENT = "silent"
    BACK = "back"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """News of the path."""

    what: What
    since: int  # µs UTC at which the last probe before the silence arrived
    until: int = 0  # µs UTC at which the first one after it did


class Silence:
    """Counts by the monotonic clock, from its start on: a clock that jumps makes no silence."""

    def __init__(self, limit: float) -> None:
        """`limit`: seconds without a probe that are still well."""
        self._limit = limit
        self._newest: int | None = None
        self._heard = 0.0  # monotonic seconds
        self._begun = False
        self.silent = False
        self.age = 0.0  # seconds since the newest probe was first seen

    def see(self, newest: int | None, at: float) -> Word | None:
        """Take the arrival of the newest probe (µs UTC; None: never one) at a monotonic instant."""
        if not self._begun:
            self._begun, self._newest, self._heard = True, newest, at
        if newest is None:  # where nobody sends probes, nobody can miss them
            self._heard = at
        elif newest != self._newest:
            return self._back(newest, at)
        self.age = at - self._heard
        if self._newest is None or self.silent or self.age <= self._limit:
            return None
        self.silent = True
        return Word(what=What.SILENT, since=self._newest)

    def _back(self, newest: int, at: float) -> Word | None:
        """A probe came: news where it was silent, also while nobody was here to see it."""
        before, was = self._newest, self.silent
        self._newest, self._heard, self.silent, self.age = newest, at, False, 0.0
        if before is None or not (was or newest - before > self._limit * SECOND):
            return None
        return Word(what=What.BACK, since=before, until=newest)
