"""The desk's verbs on incidents. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.sql import ColumnElement

from city import revisions
from city.db import Database
from contracts.errors import Refused
from contracts.judgements import Text
from programmes.tangi import model, records
from programmes.tangi.errors import Unknown
from programmes.tangi.events import CLOSED, UPDATED, Voice
from programmes.tangi.model import Entry, Incident, Kind, Priority, State, Step, Told
from programmes.tangi.tables import incidents
from runtime.clock import Clock

LONGEST: Final = 2_000  # characters of a note or reason
_REASONED: Final = (Step.RESOLVE, Step.CANCEL, Step.LINK, Step.DISMISS)  # an end says how
Place = tuple[int, str]  # (opened, id) of the last incident of a page


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents: each given field must match."""

    states: tuple[State, ...] = ()
    priorities: tuple[Priority, ...] = ()
    site: str = ""
    device: str = ""

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
        return conditions


class Incidents:
    """Lists incidents and takes them through their life."""

    def __init__(self, db: Database, *, clock: Clock, voice: Voice) -> None:
        self._db = db
        self._clock = clock
        self._voice = voice

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

    def get(self, number: str) -> Told:
        """One incident with its timeline. Raises Unknown."""
        with self._db.read() as tx:
            row = tx.execute(select(incidents).where(incidents.c.number == number)).mappings().one_or_none()
            if row is None:
                raise Unknown(number)
            found = records.incident(row)
            lines = records.timeline(tx, found)
        return Told(**msgspec.structs.asdict(found), timeline=lines, steps=model.allowed(found.state))

    def step(
        self, number: str, step: Step, *, by: str, reason: str = "", seen: int | None = None
    ) -> Incident:
        """Take an incident one step on; twice is the same as once. Raises Unknown, NotNow, Refused.

        `seen`: the revision that he who acts has before him. Raises Outdated where it is another by now.
        """
        reason = reason.strip()
        if len(reason) > LONGEST:
            raise Refused("reason", reason, f"at most {LONGEST} characters")
        if step in _REASONED and not reason:
            raise Refused("reason", reason, "say how it ended")
        with self._db.begin() as tx:
            old = records.find(tx, incidents.c.number == number)
            if old is None:
                raise Unknown(number)
            revisions.check("incident", number, seen=seen, now=old.revision)
            if old.state == _GOALS.get(step):
                return old
            state = model.after(number, old.state, step)
            now = self._clock.now()
            new = records.change(tx, old, state=state, updated=now, **_marks(state, step, now, by, reason))
            entry = Entry(time=now, kind=Kind.STEP, by=by, what=step, text=Text(id=reason, en=""))
            records.note(tx, new, entry)
            self._voice.tell(tx, CLOSED if new.closed is not None else UPDATED, new)
        return new

    def _read(self, query: Any) -> list[Incident]:
        with self._db.read() as tx:
            return [records.incident(row) for row in tx.execute(query).mappings()]


_GOALS: Final = {Step.ACKNOWLEDGE: State.ACKNOWLEDGED, Step.RESOLVE: State.RESOLVED, Step.CLOSE: State.CLOSED}


def _marks(state: State, step: Step, now: int, by: str, reason: str) -> dict[str, object]:
    """Columns that a step sets beside the state."""
    if step == Step.ACKNOWLEDGE:
        return {"acknowledged": now, "acknowledged_by": by}
    if step == Step.RESOLVE:
        return {"resolved": now, "resolved_by": by, "reason": reason}
    if state in model.ENDED:
        return {"closed": now} | ({"reason": reason} if reason else {})
    return {}
