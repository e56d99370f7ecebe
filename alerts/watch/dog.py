"""What an outside watchdog makes of what it sees: when to bark, and when to say that all is well. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How it looks from outside."""

    WELL = "well"
    SILENT = "silent"


class Bark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people must hear."""

    state: State
    reason: str  # what was wrong, also where it is well again
    lasted: float  # seconds since the first look at which it was


class Dog:
    """Patient: one look that fails is nothing, a row of them is."""

    def __init__(self, *, patience: float, again: float = 0.0) -> None:
        """`patience`: seconds of faults until it barks; `again`: seconds until the next one, 0: never."""
        self._patience = patience
        self._again = again
        self._reason = ""
        self._since: float | None = None  # monotonic seconds of the first fault in a row
        self._barked: float | None = None

    def see(self, fault: str, at: float) -> Bark | None:
        """Take one look: what was wrong, empty where nothing was, at a monotonic instant."""
        if not fault:
            return self._well(at)
        self._reason = fault
        if self._since is None:
            self._since = at
        lasted = at - self._since
        due = lasted >= self._patience if self._barked is None else self._is_due(at)
        if not due:
            return None
        self._barked = at
        return Bark(state=State.SILENT, reason=fault, lasted=lasted)

    def _well(self, at: float) -> Bark | None:
        since, barked = self._since, self._barked
        self._since = self._barked = None
        if since is None or barked is None:
            return None
        return Bark(state=State.WELL, reason=self._reason, lasted=at - since)

    def _is_due(self, at: float) -> bool:
        return self._again > 0 and self._barked is not None and at - self._barked >= self._again
