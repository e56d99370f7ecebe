"""The desk's verbs on incidents. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.sql import ColumnElement

from city import revisions
from city.db import Database
from city.identity.caller import Caller
from city.identity.fields import need
from contracts.errors import Refused
from contracts.judgements import Text
from programmes.tangi import model, records
from programmes.tangi.effects import Effects
from programmes.tangi.errors import Unknown
from programmes.tangi.model import LONGEST, WAITING, Entry, Incident, Kind, Priority, State, Step, Told
from programmes.tangi.roles import READ, WORK
from programmes.tangi.tables import incidents
from programmes.tangi.visits import Visits
from runtime.clock import Clock

_REASONED: Final = (Step.RESOLVE, Step.CANCEL, Step.LINK, Step.DISMISS)  # an end says how
Place = tuple[int, str]  # (opened, id) of the last incident of a page


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents: each given field must match."""

    states: tuple[State, ...] = ()
    priorities: tuple[Priority, ...] = ()
    site: str = ""
    device: str = ""
    units: frozenset[str] | None = None  # None: all

    def where(self) -> list[ColumnElement[bool]]:
        """Conditions of a query."""
        conditions: list[ColumnElement[bool]] = []
        if self.states:
            conditions.append(incidents.c.state.in_(self.states))
        if self.priorities:
            conditions.append(incidents.c.priority.in_(self.priorities))
        if self.site:
            conditions.append(incidents.c.site == self.site)
        if self.device:
            conditions.append(incidents.c.device == self.device)
        if self.units is not None:
            conditions.append(incidents.c.unit.in_(self.units))
        return conditions


class Incidents:
    """Lists incidents and takes them through their life."""

    def __init__(self, db: Database, *, clock: Clock, effects: Effects, visits: Visits) -> None:
        self._db = db
        self._clock = clock
        self._effects = effects
        self._visits = visits

    def page(self, filters: Filters, *, after: Place | None = None, limit: int = 100) -> list[Incident]:
        """A page, newest first, after a place."""
        query = select(incidents).where(*filters.where())
        if after is not None:
            query = query.where(tuple_(incidents.c.opened, incidents.c.id) < tuple_(*after))
        query = query.order_by(incidents.c.opened.desc(), incidents.c.id.desc()).limit(limit)
        return self._read(query)

    def working(self, *, limit: int = 50) -> Sequence[Incident]:
        """Incidents on which someone has to act, most urgent first, then oldest."""
        query = (
            select(incidents)
            .where(incidents.c.working.is_(True))
            .order_by(incidents.c.priority, incidents.c.opened, incidents.c.id)
            .limit(limit)
        )
        return self._read(query)

    def get(self, number: str, *, by: Caller) -> Told:
        """One incident with its timeline; that he looked stands in the trail. Raises Unknown."""
        with self._db.read() as tx:
            row = tx.execute(select(incidents).where(incidents.c.number == number)).mappings().one_or_none()
            found = None if row is None else records.incident(row)
            if found is None or not by.may(READ, unit=found.unit):
                raise Unknown(number)
            lines = records.timeline(tx, found)
        self._visits.looked(by, found)
        return Told(**msgspec.structs.asdict(found), timeline=lines, steps=model.allowed(found.state))

    def step(
        self, number: str, step: Step, *, by: Caller, reason: str = "", seen: int | None = None
    ) -> Incident:
        """Take an incident one step on; twice is the same as once.

        `seen`: the revision that he who acts has before him. Raises Unknown, Forbidden, NotNow, Refused, and
        Outdated where it is another by now.
        """
        reason = reason.strip()
        if len(reason) > LONGEST:
            raise Refused("reason", reason, f"at most {LONGEST} characters")
        if step in _REASONED and not reason:
            raise Refused("reason", reason, "say how it ended")
        with self._db.begin() as tx:
            old = records.find(tx, incidents.c.number == number)
            if old is None or not by.may(READ, unit=old.unit):
                raise Unknown(number)
            need(by, WORK, old.unit)
            revisions.check("incident", number, seen=seen, now=old.revision)
            if old.state == _GOALS.get(step):
                return old
            state = model.after(number, old.state, step)
            now = self._clock.now()
            marks = _marks(state, step, now, by, reason)
            if state not in WAITING:
                marks["due"] = None
            new = records.change(tx, old, state=state, updated=now, **marks)
            entry = Entry(time=now, kind=Kind.STEP, by=by.name, what=step, text=Text(id=reason, en=""))
            records.note(tx, new, entry, who=model.person(by))
            self._visits.changed(tx, by, new, f"incident.{state}", fields=("state", *marks), why=reason)
            self._effects.changed(tx, old, new, by=by.id)
        return new

    def _read(self, query: Any) -> list[Incident]:
        with self._db.read() as tx:
            return [records.incident(row) for row in tx.execute(query).mappings()]


_GOALS: Final = {Step.ACKNOWLEDGE: State.ACKNOWLEDGED, Step.RESOLVE: State.RESOLVED, Step.CLOSE: State.CLOSED}


def _marks(state: State, step: Step, now: int, by: Caller, reason: str) -> dict[str, object]:
    """Columns that a step sets beside the state."""
    if step == Step.ACKNOWLEDGE:
        took = {"acknowledged": now, "acknowledged_by": by.name}
        return took | ({"assignee": by.id, "assigned_to": by.name} if model.person(by) else {})
    if step == Step.RESOLVE:
        return {"resolved": now, "resolved_by": by.name, "reason": reason}
    if state in model.ENDED:
        return {"closed": now} | ({"reason": reason} if reason else {})
    return {}
