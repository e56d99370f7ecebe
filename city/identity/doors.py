"""From a session's token to a caller, and what people do with their sessions. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select, update

from city.db import Database
from city.identity import fields, grants, persons, sessions
from city.identity.caller import Caller, Kind
from city.identity.errors import Unknown
from city.identity.model import Person, PersonState
from city.identity.notes import Notes
from city.identity.roles import ANONYMOUS, CITIZEN, STAFF, Catalogue
from city.identity.sessions import Session
from city.identity.settings import Sessions as Limits
from city.identity.tables.doors import sessions as table
from city.identity.tree import Trees
from contracts.instants import SECOND
from runtime.clock import Clock

REVOKE: Final = "identity.sessions.revoke"
_TOUCH: Final = 60 * SECOND  # a visit is written down this often at most: every request would be a write
_OPEN: Final = (PersonState.ACTIVE, PersonState.INVITED)


class Doors:
    """Says who a session's token stands for, and ends sessions."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        notes: Notes,
        catalogue: Catalogue,
        trees: Trees,
        limits: Limits,
    ) -> None:
        self._db = db
        self._clock = clock
        self._notes = notes
        self._catalogue = catalogue
        self._trees = trees
        self._limits = limits

    def caller(self, token: str) -> Caller | None:
        """Whoever is signed in by this token, with what he may at this moment; None where nobody is."""
        now = self._clock.now()
        with self._db.read() as tx:
            session = sessions.standing(tx, token, now)
            if session is None:
                return None
            person = persons.get(tx, session.person)
            if person.state not in _OPEN:
                return None
            found = self._caller(tx, person, session, now)
        if not 0 <= now - session.seen < _TOUCH:
            self._touch(person, session, now)
        return found

    def of(self, by: Caller, person: str = "") -> Sequence[Session]:
        """Sessions of oneself, or of somebody else. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            self._allowed(tx, by, person or by.id)
            return sessions.of(tx, person or by.id, self._clock.now())

    def end(self, by: Caller, session: str) -> None:
        """End a session at once: its next request is nobody's. Raises Unknown, Forbidden."""
        with self._db.begin() as tx:
            owner = tx.execute(select(table.c.person).where(table.c.id == session)).scalar_one_or_none()
            if owner is None:
                raise Unknown("session", session)
            self._allowed(tx, by, owner)
            if sessions.end(tx, session, self._clock.now(), why=_why(by, owner)) is not None:
                self._note(tx, by, session)

    def end_all(self, by: Caller, person: str = "") -> int:
        """End all sessions of somebody; one's own but this one. How many. Raises Unknown, Forbidden."""
        owner = person or by.id
        with self._db.begin() as tx:
            self._allowed(tx, by, owner)
            ended = sessions.end_all(tx, owner, self._clock.now(), why=_why(by, owner), but=by.session)
            if ended:
                self._note(tx, by, owner, kind="person")
        return ended

    def _caller(self, tx: Connection, person: Person, session: Session, now: int) -> Caller:
        given = grants.held(tx, person.id, now)
        # The tree is read only where it matters: most people have none, or theirs are for the city.
        covered = grants.covered(given, self._trees.newest(tx)) if given else ()
        staff = session.strong is not None and not person.citizen
        return Caller(
            kind=Kind.PERSON,
            id=person.id,
            name=person.name,
            grants=tuple(grant for grant, _ in covered),
            strong=session.strong is not None,
            session=session.id,
            strong_at=session.strong or 0,
            citizen=person.citizen,
            reach=self._catalogue.reach(
                covered, held=(ANONYMOUS, CITIZEN if person.citizen else STAFF), staff=staff
            ),
        )

    def _touch(self, person: Person, session: Session, now: int) -> None:
        idle, _ = sessions.spans(person, self._limits, strong=session.strong is not None)
        mine = (table.c.id == session.id) & table.c.ended.is_(None)
        with self._db.begin() as tx:
            tx.execute(update(table).where(mine).values(seen=now, idle=min(now + idle, session.ends)))

    def _allowed(self, tx: Connection, by: Caller, owner: str) -> None:
        if by.id != owner:
            fields.need(by, REVOKE, persons.get(tx, owner).unit)

    def _note(self, tx: Connection, by: Caller, id_: str, kind: str = "session") -> None:
        self._notes.note(tx, by=by.id, action="session.ended", kind=kind, id=id_)


def _why(by: Caller, owner: str) -> str:
    return "signed-out" if by.id == owner else "revoked"
