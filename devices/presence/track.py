"""What is known of one device, and what follows from it. Pure: times are handed in (µs UTC)."""

from __future__ import annotations

from collections import deque
from typing import Final

from contracts.instants import SECOND
from contracts.presence import Presence, Reason, State
from contracts.roster import Entry
from contracts.status import Status

GRACE: Final = 5 * SECOND  # what was on its way when the device went is stored so long after its will came
_TURNS: Final = 32  # losses remembered


class Track:
    """One device of the roster."""

    __slots__ = (
        "connection",
        "entry",
        "epoch",
        "heard",
        "raised",
        "reason",
        "said",
        "said_at",
        "said_why",
        "sample",
        "since",
        "state",
        "turns",
        "version",
    )

    def __init__(self, entry: Entry, *, since: int) -> None:
        self.entry = entry
        self.state = State.NEVER
        self.reason = Reason.NONE
        self.since = since
        self.epoch = self.connection = 0
        self.said = ""  # online, offline: its last word
        self.said_at = 0
        self.said_why = Reason.NONE
        self.heard = self.sample = 0
        self.version = ""
        self.raised = 0
        self.turns: deque[int] = deque(maxlen=_TURNS)

    def status(self, status: Status, now: int) -> bool:
        """Take its word; False for a goodbye or last will of an earlier start or connection, which is late.

        `online` always counts: only a device that is there can say it.
        """
        place = (status.epoch, status.connection)
        if status.state == "offline" and place < (self.epoch, self.connection):
            return False
        self.epoch, self.connection = place
        self.said, self.said_at = status.state, now
        self.said_why = Reason.STOPPED if status.reason == "stopped" else Reason.LOST
        self.version = status.version[:64]
        return True

    def data(self, sample: int, now: int) -> None:
        """Ingest accepted samples of it, the newest of this time."""
        self.heard = max(self.heard, now)
        self.sample = max(self.sample, sample)

    def judge(self, now: int, late: float, offline: float, *, floor: int, deaf: bool) -> tuple[State, Reason]:
        """What it is now. `floor`: silence before it was ours, not the device's; `deaf`: it still is."""
        if not self.said and not self.heard:
            return State.NEVER, Reason.NONE
        if self.said == "offline" and not self._alive_since():
            return State.OFFLINE, self.said_why
        if deaf:
            return (self.state, self.reason) if self.reason in _BY_SILENCE else (State.ONLINE, Reason.NONE)
        newest = max(self.heard, self.said_at if self.said == "online" else 0, floor)
        quiet = now - newest
        if quiet >= offline * SECOND:
            return State.OFFLINE, Reason.SILENT
        if quiet >= late * SECOND:
            return State.LATE, Reason.SILENT
        if self.sample and now - max(self.sample, floor) >= late * SECOND:
            return State.LATE, Reason.BACKLOG
        return State.ONLINE, Reason.NONE

    def turn(self, state: State, reason: Reason, now: int) -> bool:
        """Come into a state; whether that is another than before."""
        if (state, reason) == (self.state, self.reason):
            return False
        if state is not self.state:
            self.since = now
            if state is State.OFFLINE and self.state is not State.NEVER:
                self.turns.append(now)
        self.state, self.reason = state, reason
        return True

    def flapping(self, now: int, flaps: int, window: float) -> bool:
        """Whether it was lost so often within the window (seconds)."""
        first = now - round(window * SECOND)
        return len(self.turns) >= flaps and sum(turn > first for turn in self.turns) >= flaps

    def shown(self, now: int, *, flapping: bool) -> Presence:
        """As others see it."""
        return Presence(
            device=self.entry.device,
            site=self.entry.site,
            state=self.state,
            reason=self.reason,
            since=self.since,
            heard=self.heard,
            sample=self.sample,
            epoch=self.epoch,
            version=self.version,
            flapping=flapping,
            maintained=self.entry.maintained(now),
            raised=self.raised,
        )

    def _alive_since(self) -> bool:
        """Whether it measured and sent after it was said to be gone: then its will was late."""
        return self.heard > self.said_at + GRACE and self.sample > self.said_at


_BY_SILENCE: Final = frozenset({Reason.SILENT, Reason.BACKLOG})
