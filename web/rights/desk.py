"""What an officer does at a person's request. Calls block: use a thread.

An export and an erasure ask for a second factor that was shown just now: an open screen, or a stolen key of
an app, must not be enough to carry a person's data away or to destroy it.
"""

from __future__ import annotations

from city.audit import Trail
from city.db import Database
from city.identity import persons
from city.identity.caller import Caller
from city.identity.errors import Again
from city.identity.factors import FRESH
from city.identity.model import Person
from city.identity.tables.people import people
from city.identity.wiring import Identity
from city.privacy import Export, Report, Subjects
from city.privacy.subjects import PERSON
from contracts.errors import Refused
from runtime.clock import Clock


class Desk:
    """The officer's desk."""

    def __init__(
        self, db: Database, identity: Identity, subjects: Subjects, *, clock: Clock, trail: Trail
    ) -> None:
        self._db = db
        self._identity = identity
        self._subjects = subjects
        self._clock = clock
        self._trail = trail

    def find(self, by: Caller, text: str) -> Person | None:
        """Whose id, login, phone or mailbox this is; that it was looked up is noted."""
        with self._db.begin() as tx:
            found = self._identity.subjects.find(tx, text)
            if found is not None:
                self._trail.looked(tx, by=by.id, kind=PERSON, records=[found.id])
        return found

    def get(self, person: str) -> Person | None:
        """The account of a person, also one that was erased; None where there is none."""
        with self._db.read() as tx:
            return persons.find(tx, people.c.id == person)

    def reports(self, person: str) -> list[Report]:
        """What was done at this person's requests, oldest first; holds none of his data."""
        with self._db.read() as tx:
            return self._subjects.reports(tx, person)

    def fresh(self, by: Caller) -> None:
        """Go on only where the second factor was shown just now. Raises Again."""
        if not by.fresh(self._clock.now(), within=FRESH):
            raise Again

    def export(self, by: Caller, person: str, why: str) -> Export:
        """All that is known of a person, to hand to him. Raises Again."""
        self.fresh(by)
        return self._subjects.export(person, by=by.id, why=why)

    def erase(self, by: Caller, person: str, why: str) -> Report:
        """Erase what may be erased; what became of each part. Raises Again, Refused, Erased, Leftover."""
        self.fresh(by)
        if by.id == person:
            raise Refused("person", person, "is yourself: another officer does this for you")
        return self._subjects.erase(person, by=by.id, why=why)
