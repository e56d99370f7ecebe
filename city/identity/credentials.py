"""One's own password and factors: seen, changed, taken away. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from city.db import Database
from city.identity import factors, passwords, persons, sessions
from city.identity.caller import Caller
from city.identity.errors import NotNow, Unknown
from city.identity.factors import Factor
from city.identity.model import PersonKind
from city.identity.notes import Notes
from city.identity.passwords import Hasher
from city.identity.seals import Sealer
from contracts.errors import Refused
from runtime.clock import Clock


class Credentials:
    """What a person does about what he is known by."""

    def __init__(self, db: Database, *, clock: Clock, sealer: Sealer, notes: Notes, hasher: Hasher) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._notes = notes
        self._hasher = hasher

    def factors(self, by: Caller) -> Sequence[Factor]:
        """One's own second factors."""
        with self._db.read() as tx:
            return factors.of(tx, by.id)

    def set_password(self, by: Caller, password: str) -> None:
        """Choose a password; one's other sessions end. Raises Again, Refused, Busy."""
        now = self._clock.now()
        with self._db.read() as tx:
            factors.may_change(tx, by, now)
            person = persons.get(tx, by.id)
        if person.kind == PersonKind.CITIZEN:
            raise Refused("password", "(hidden)", "citizens come in by a code")
        self._hasher.fit(password, login=person.login)
        hashed = self._hasher.hash(password)
        with self._db.begin() as tx:
            factors.may_change(tx, by, now)
            passwords.keep(self._db, tx, by.id, hashed, now)
            sessions.end_all(tx, by.id, now, why="password", but=by.session)
            self._note(tx, by, "password.changed", "password")

    def remove(self, by: Caller, factor: str) -> None:
        """Take away a factor, but not the last one. Raises Again, Unknown, NotNow."""
        with self._db.begin() as tx:
            factors.may_change(tx, by, self._clock.now())
            persons.get(tx, by.id, lock=True)  # two at once must not both leave the other
            found = [one for one in factors.of(tx, by.id) if one.id == factor]
            if not found:
                raise Unknown("factor", factor)
            if len(factors.of(tx, by.id)) == 1:
                raise NotNow("factor", "the last one", "add another before you remove it")
            factors.remove(tx, self._sealer, found[0])
            self._note(tx, by, "factor.removed", found[0].kind)

    def _note(self, tx: Connection, by: Caller, action: str, changed: str) -> None:
        self._notes.note(tx, by=by.id, action=action, kind="person", id=by.id, changed=(changed,))
