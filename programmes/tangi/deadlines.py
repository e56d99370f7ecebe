"""The clock of an incident: whoever should have it in hand is reminded, and then it is escalated, once.

Nothing moves or cancels a clock: one that finds its incident in hand, or due at another time, does nothing.
So whoever takes a step locks the incident alone, and a clock that fires locks itself first: they cannot
block each other.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from city.schedule import Clock, Clocks, Fired, Handler
from contracts.instants import SECOND
from contracts.judgements import Text
from programmes.tangi import records
from programmes.tangi.model import WAITING, Entry, Incident, Kind, Priority
from programmes.tangi.settings import Due
from programmes.tangi.tables import incidents
from programmes.tangi.telling import Teller
from programmes.tangi.voice import UPDATED, Voice

DUE: Final = "tangi.due"  # kind of the clocks
_REMIND: Final = "remind"
_ESCALATE: Final = "escalate"
CLOCK: Final = "/clock"  # by whom the timeline tells what a clock did


class Deadlines:
    """Sets and answers clocks, in the caller's transaction."""

    def __init__(self, clocks: Clocks, *, voice: Voice, teller: Teller, settings: Due) -> None:
        self._clocks = clocks
        self._voice = voice
        self._teller = teller
        self._settings = settings

    def due(self, now: int, priority: Priority) -> int:
        """By when someone must have it in hand."""
        return self._after(now, priority, 1.0)

    def start(self, tx: Connection, of: Incident) -> None:
        """Have it looked at before it is due, by what its priority is now."""
        remind = self._after(of.updated, of.priority, self._settings.remind)
        self._set(tx, of, _REMIND, remind)

    def handler(self) -> Handler:
        """For whoever runs the clocks."""
        return Handler(kind=DUE, fire=self._fire)

    def _fire(self, tx: Connection, fired: Fired) -> None:
        found = records.find(tx, incidents.c.id == fired.payload["incident"])
        if found is None or found.state not in WAITING or found.due is None:
            return
        if found.due != fired.payload["due"]:
            return
        if found.due > fired.now:
            self._teller.due_soon(tx, found)
            self._set(tx, found, _ESCALATE, found.due)
        elif found.escalated is None:
            new = records.change(tx, found, updated=fired.now, escalated=fired.now)
            text = Text(id="", en="")
            records.note(tx, new, Entry(time=fired.now, kind=Kind.CLOCK, by=CLOCK, what="overdue", text=text))
            self._voice.tell(tx, UPDATED, new)
            self._teller.overdue(tx, new)

    def _set(self, tx: Connection, of: Incident, stage: str, at: int) -> None:
        clock = Clock(
            kind=DUE,
            key=f"{of.id}/{of.priority}/{stage}",
            due=at,
            calendar=self._calendar(of.priority),
            payload={"incident": of.id, "due": of.due},
        )
        self._clocks.set(tx, clock)

    def _after(self, now: int, priority: Priority, share: float) -> int:
        span = getattr(self._settings, priority.lower()) * share
        return self._clocks.calendars[self._calendar(priority)].after(now, round(span * SECOND))

    def _calendar(self, priority: Priority) -> str:
        return "hours" if priority in self._settings.office else "always"
