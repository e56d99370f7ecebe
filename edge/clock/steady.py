"""The agent's clock: anchored once, carried on by the time since the boot, led gently, never thrown.

Where no time is known it says the time since the boot: a number before 2020, which nobody takes for a date.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from contracts.instants import to_rfc3339
from edge.clock import kernel
from edge.health.boot import uptime
from runtime.clock import KNOWN, Clock, System

SLEW: Final = 600.0  # seconds; a smaller difference is taken up little by little, a larger one is a leap
_RATE: Final = 0.1  # of the time that passes; samples of each 10 s are then 9 to 11 s apart
_NOISE: Final = 0.05  # seconds that two looks at clocks may differ
_TOLERANCE: Final = 600_000_000  # µs that a clock may be behind the last time known to be good
_STUBBORN: Final = 3_600.0  # seconds that a synchronised clock must disagree with one that was confirmed
_LONG: Final = 600.0  # seconds over which a drift can be told


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The clock has become known, or was moved."""

    shift: int  # µs that instants told before must be moved by
    found: bool  # whether none was known before; otherwise what was told before was told in good faith


class Steady:
    """A clock over the machine's. `now` never goes back, but where it becomes known or is moved."""

    def __init__(
        self,
        machine: Clock | None = None,
        *,
        good: int = 0,
        elapsed: Callable[[], float] | None = None,
        synchronised: Callable[[], bool] = kernel.synchronised,
    ) -> None:
        """`good`: µs UTC that have certainly passed; `elapsed`: seconds since the boot."""
        self._machine = machine or System()
        self._elapsed = elapsed or (uptime if isinstance(self._machine, System) else self._machine.monotonic)
        self._synchronised = synchronised
        self.good = good
        self.guard = asyncio.Lock()  # held while the time becomes known, and while an instant goes to disk
        self.known = False
        self.confirmed = False  # by a synchronised clock that agreed
        self.synced = False  # whether the machine's is synchronised now
        self.reason = ""  # why it is not known, or not followed; empty where all is well
        self.offset = 0.0  # seconds that the machine's clock is ahead of this one
        self.drift = 0.0  # part of the time by which this clock was slow against a synchronised one
        self.leaps = 0  # of the machine's clock since the start
        self.shift = 0  # µs between the time since the boot and the time of day, as first found
        self._at = self._elapsed()  # the anchor: at this time since the boot …
        self._base = 0  # … it was this, µs UTC
        self._owed = 0.0  # µs still to be taken up
        self._agreed = self._at
        self._leapt: float | None = None
        self.look()

    def now(self) -> int:
        elapsed = self._elapsed()
        if not self.known:
            return round(elapsed * 1e6)
        passed = (elapsed - self._at) * 1e6
        led = min(abs(self._owed), passed * _RATE)
        return self._base + round(passed + (led if self._owed > 0 else -led))

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def fix(self, instant: int) -> int:
        """An instant told before the time was known, as it is now known to have been."""
        return instant + self.shift if instant < KNOWN and self.known else instant

    def look(self) -> Change | None:
        """Compare with the machine's clock, once a second or so; return what changes, if anything."""
        machine = self._machine.now()
        self.synced = self._synchronised()
        if not self.known:
            return self._find(machine)
        now = self.now()
        self.offset = (machine - now) / 1e6
        if abs(self.offset) <= SLEW:
            self._follow(now)
            return None
        return self._leap(machine, now)

    def _find(self, machine: int) -> Change | None:
        if machine < KNOWN:
            self.reason = f"the machine's clock says {_day(machine)}, before 2020"
        elif machine < self.good - _TOLERANCE and not self.synced:
            self.reason = f"the machine's clock says {_day(machine)}, but it was {_day(self.good)} already"
        else:
            self.shift = machine - self.now()
            self._anchor(machine)
            self.known, self.reason = True, ""
            return Change(shift=self.shift, found=True)
        return None

    def _follow(self, now: int) -> None:
        """Take up a small difference; where the machine is synchronised, see how far we drifted."""
        elapsed = self._elapsed()
        self._leapt, self.reason = None, ""
        if self.synced and not self._owed and elapsed - self._agreed >= _LONG and self.confirmed:
            self.drift = self.offset / (elapsed - self._agreed)
        self._base, self._at = now, elapsed
        self._owed = self.offset * 1e6 if abs(self.offset) > _NOISE else 0.0
        self.confirmed |= self.synced
        if self.synced and not self._owed:
            self._agreed = elapsed

    def _leap(self, machine: int, now: int) -> Change | None:
        """A difference too large to be a clock's error: only a synchronised clock is believed."""
        elapsed = self._elapsed()
        if self._leapt is None:
            self._leapt = elapsed
            self.leaps += 1
        self.reason = f"the machine's clock was set to {_day(machine)}; it is {_day(now)} by the time since"
        if not self.synced or machine < KNOWN:
            return None
        if self.confirmed and elapsed - self._leapt < _STUBBORN:
            return None
        change = Change(shift=0 if self.confirmed else machine - now, found=False)
        self._anchor(machine)
        self.reason = ""
        return change

    def _anchor(self, machine: int) -> None:
        self._base, self._at = machine, self._elapsed()
        self._owed, self._leapt, self.offset = 0.0, None, 0.0
        self._agreed = self._at
        self.confirmed = self.synced


def _day(micros: int) -> str:
    return to_rfc3339(micros)[:16].replace("T", " ")
