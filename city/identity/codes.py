"""Citizens come in by a one-time code to their phone or mailbox. Calls block: use a thread."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert

from city.db import Database
from city.identity import addresses, contacts, fields, onetime, persons
from city.identity.came import Came
from city.identity.contacts import Contact
from city.identity.errors import BadSignIn
from city.identity.model import Person, PersonKind, PersonState
from city.identity.onetime import Asked, OneTime
from city.identity.seals import Sealer
from city.identity.sessions import Method, Opened
from city.identity.signin import SignIn
from city.identity.tables.people import people
from city.privacy.blind import Digests
from runtime.clock import Clock
from runtime.ids import Factory

_PURPOSE: Final = "sign-in"


class Codes:
    """Sends codes and lets in who has them."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        onetime: OneTime,
        signin: SignIn,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._onetime = onetime
        self._signin = signin

    def send(self, contact: Contact, came: Came, *, language: str = "id") -> Asked:
        """Send a code, which works for who asked alone. Raises Refused, TooMany, Unsent."""
        return self._onetime.send(_PURPOSE, contact, came, language=language)

    def enter(self, asked: str, contact: Contact, code: str, came: Came, *, language: str = "id") -> Opened:
        """A session for who has the code that went to this contact; a first code makes the account.

        Raises BadSignIn, Refused.
        """
        contact = contacts.normal(contact)
        language = fields.language(language)
        opened = None
        with self._db.begin() as tx:
            if self._onetime.take(tx, _PURPOSE, asked, contact, code, came):
                person = self._person(tx, contact, language)
                if person.state == PersonState.ACTIVE:
                    opened = self._signin.open(tx, person, Method.CODE, came)
                    self._signin.came_in(tx, person, opened, contact.kind)
        if opened is None:
            raise BadSignIn
        return self._signin.known(opened, came)

    def _person(self, tx: Connection, contact: Contact, language: str) -> Person:
        """Whose contact it is; a new citizen where it is nobody's yet."""
        digests = self._sealer.digests(tx, contact)
        owner = onetime.owner(tx, digests) or self._add(tx, digests, contact, language)
        return persons.get(tx, owner, lock=True)

    def _add(self, tx: Connection, digests: Digests, contact: Contact, language: str) -> str:
        now = self._clock.now()
        new = Person(
            id=self._ids(),
            kind=PersonKind.CITIZEN,
            state=PersonState.ACTIVE,
            revision=1,
            name="",
            login="",
            unit="",
            language=language,
            created=now,
            updated=now,
        )
        tx.execute(insert(people).values(**persons.columns(new)))
        if addresses.add(self._db, tx, self._sealer, new, contact, id=self._ids(), now=now):
            return new.id
        # Two codes to one new contact, both right and at once: the other was quicker, and its account stands.
        tx.execute(delete(people).where(people.c.id == new.id))
        return onetime.owner(tx, digests) or new.id
