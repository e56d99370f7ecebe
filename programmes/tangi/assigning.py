"""Giving an incident to somebody. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from city import revisions
from city.db import Database
from city.identity.caller import Caller
from city.identity.fields import need
from city.identity.holders import Holder, Holders
from contracts.errors import Refused
from contracts.judgements import Text
from programmes.tangi import model, records
from programmes.tangi.effects import Effects
from programmes.tangi.errors import NotNow, Unknown
from programmes.tangi.model import WORKING, Entry, Incident, Kind, State, Step
from programmes.tangi.roles import READ, WORK
from programmes.tangi.tables import incidents
from programmes.tangi.visits import Visits
from runtime.clock import Clock

ASSIGN: Final = "assign"
_UNSENT: Final = (State.RECEIVED, State.TRIAGED)  # giving it to somebody sends him


class Assigning:
    """Says who may have an incident, and gives it to one of them."""

    def __init__(
        self, db: Database, *, clock: Clock, holders: Holders, effects: Effects, visits: Visits
    ) -> None:
        self._db = db
        self._clock = clock
        self._holders = holders
        self._effects = effects
        self._visits = visits

    def candidates(self, of: Incident) -> Sequence[Holder]:
        """Who may have it in hand, by name."""
        with self._db.read() as tx:
            return self._holders.of(tx, WORK, of.unit)

    def assign(
        self, number: str, person: str, *, by: Caller, note: str = "", seen: int | None = None
    ) -> Incident:
        """Give it to a person, who is told; to the same again changes nothing.

        Raises Unknown, Forbidden, NotNow, Refused, Outdated where another revision than `seen` stands by now.
        """
        note = note.strip()
        if len(note) > model.LONGEST:
            raise Refused("note", note, f"at most {model.LONGEST} characters")
        with self._db.begin() as tx:
            old = records.find(tx, incidents.c.number == number)
            if old is None or not by.may(READ, unit=old.unit):
                raise Unknown(number)
            need(by, WORK, old.unit)
            revisions.check("incident", number, seen=seen, now=old.revision)
            if old.state not in WORKING:
                raise NotNow(number, old.state, ASSIGN, model.allowed(old.state))
            found = self._holders.of(tx, WORK, old.unit, person=person)
            if not found:
                raise Refused(
                    "person", person, "has no incidents of this unit in hand: give him the role first"
                )
            if old.assignee == person and old.state not in _UNSENT:
                return old
            now = self._clock.now()
            state = model.after(number, old.state, Step.DISPATCH) if old.state in _UNSENT else old.state
            new = records.change(
                tx, old, state=state, updated=now, assignee=person, assigned_to=found[0].name[:80]
            )
            text = Text(id=f"{new.assigned_to}: {note}" if note else new.assigned_to, en="")
            entry = Entry(time=now, kind=Kind.STEP, by=by.name, what=ASSIGN, text=text)
            records.note(tx, new, entry, who=model.person(by))
            fields = ("assignee", *(("state",) if state != old.state else ()))
            self._visits.changed(tx, by, new, "assigned", fields=fields, why=note)
            self._effects.changed(tx, old, new, by=by.id)
        return new
