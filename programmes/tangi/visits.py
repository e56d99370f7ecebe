"""Who looked at an incident: noted when he begins to, not at each time that his page renews itself."""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import Connection

from city.audit import Entry, Trail
from city.db import Database
from city.identity.caller import Caller
from contracts.instants import MINUTE
from programmes.tangi.model import Incident
from runtime.clock import Clock

CASE: Final = "tangi.incident"  # kind of record in the trail
AGAIN: Final = 5 * MINUTE  # after which a look counts as a new one
_MOST: Final = 10_000  # looks remembered; one that is forgotten is noted again
_SHOWN: Final = ("assigned_to", "acknowledged_by", "resolved_by", "reason", "timeline")


class Visits:
    """Notes looks in the trail; threads may share it."""

    def __init__(self, db: Database, *, trail: Trail, clock: Clock) -> None:
        self._db = db
        self._trail = trail
        self._clock = clock
        self._last: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def looked(self, by: Caller, of: Incident) -> None:
        """Note that he is shown all of an incident."""
        now = self._clock.now()
        one = (by.id, of.id)
        with self._lock:
            last = self._last.get(one)
            if last is not None and 0 <= now - last < AGAIN:
                return
        with self._db.begin() as tx:
            self._trail.note(tx, self._entry(by, of, "viewed", _SHOWN, _duty(by, of)))
        with self._lock:
            if len(self._last) >= _MOST:
                self._last.clear()
            self._last[one] = now

    def changed(
        self, tx: Connection, by: Caller, of: Incident, action: str, *, fields: tuple[str, ...], why: str
    ) -> None:
        """Note what he did to it, in the transaction of the change."""
        self._trail.note(tx, self._entry(by, of, action, fields, why))

    def _entry(self, by: Caller, of: Incident, action: str, fields: tuple[str, ...], why: str) -> Entry:
        return Entry(
            by=by.id, action=action, kind=CASE, record=of.number, fields=fields, why=why, unit=of.unit
        )


def _duty(by: Caller, of: Incident) -> str:
    return "assigned to it" if by.id == of.assignee else "on duty at the desk"
