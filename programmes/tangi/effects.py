"""What follows from a change of an incident, in its transaction: event, search, clock, notices."""

from __future__ import annotations

from sqlalchemy import Connection

from city.search import Index
from programmes.tangi import findable
from programmes.tangi.deadlines import Deadlines
from programmes.tangi.model import Incident
from programmes.tangi.telling import Teller
from programmes.tangi.voice import CLOSED, OPENED, UPDATED, Voice


class Effects:
    """Does all that follows, or nothing: an exception undoes the change too."""

    def __init__(self, *, voice: Voice, teller: Teller, deadlines: Deadlines, index: Index) -> None:
        self.deadlines = deadlines
        self._voice = voice
        self._teller = teller
        self._index = index

    def opened(self, tx: Connection, new: Incident) -> None:
        """An incident is there."""
        self._voice.tell(tx, OPENED, new)
        self._index.put(tx, findable.INCIDENT, findable.document(new))
        self.deadlines.start(tx, new)
        self._teller.opened(tx, new)

    def changed(self, tx: Connection, old: Incident, new: Incident, *, by: str = "") -> None:
        """An incident has a next revision. `by`: id of whoever made it so."""
        ended = new.closed is not None and old.closed is None
        self._voice.tell(tx, CLOSED if ended else UPDATED, new)
        if not findable.same(old, new):
            self._index.put(tx, findable.INCIDENT, findable.document(new))
        if new.priority < old.priority and new.due is not None:
            self.deadlines.start(tx, new)
            self._teller.risen(tx, new)
        if new.assignee != old.assignee:
            self._teller.assigned(tx, new, by=by)
        if ended:
            self._teller.closed(tx, new, by=by)
