"""What identities have of a person: handed to him, or erased, when he asks (UU 27/2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from city.identity import addresses, factors, fields, onetime, persons, sessions
from city.identity.contacts import normal, typed
from city.identity.model import Person, PersonState
from city.identity.seals import CONTACT, TOTP, Sealer
from city.identity.tables.doors import sessions as session_rows
from city.identity.tables.factors import codes, links
from city.identity.tables.people import accounts, contacts, grants, people
from city.privacy import Hook, Outcome
from contracts.errors import Refused
from runtime.clock import Clock

PERSON: Final = "identity.person"
_SESSION: Final = "identity.session"
_ACCOUNT: Final = "identity.account"
_GROUND: Final = "UU 43/2009: who acted for the city stays known by name; login and factors are gone"


class Subjects:
    """This package's part in a person's requests."""

    def __init__(self, *, clock: Clock, sealer: Sealer) -> None:
        self._clock = clock
        self._sealer = sealer

    def hook(self) -> Hook:
        """For the privacy part, which asks all packages."""
        return Hook(name="identity", export=self.export, erase=self.erase)

    def find(self, tx: Connection, text: str) -> Person | None:
        """Whose id, login, phone or mailbox this is; None where it is nobody's."""
        if (login := fields.name(text)) and (found := persons.find(tx, people.c.login == login)):
            return found
        if found := persons.find(tx, people.c.id == text.strip()):
            return found
        try:
            contact = normal(typed(text))
        except Refused:
            return None
        owner = onetime.owner(tx, self._sealer.digests(tx, contact))
        return persons.find(tx, people.c.id == owner) if owner else None

    def export(self, tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
        """His account, his contacts and where he is signed in; no secrets."""
        person = persons.find(tx, people.c.id == subject)
        if person is None:
            return {}
        known = select(accounts).where(accounts.c.person == subject)
        return {
            PERSON: [person],
            CONTACT: list(self._sealer.vault.open_many(tx, CONTACT, _contacts(tx, subject)).values()),
            _SESSION: list(sessions.of(tx, subject, self._clock.now())),
            _ACCOUNT: [dict(row) for row in tx.execute(known).mappings()],
        }

    def erase(self, tx: Connection, subject: str) -> Sequence[Outcome]:
        """All but the name of who acted for the city."""
        person = persons.find(tx, people.c.id == subject, lock=True)
        if person is None:
            return ()
        secrets = len(factors.of(tx, subject))
        factors.forget(tx, self._sealer, subject)
        reached = _contacts(tx, subject)
        sent = [
            self._sealer.blind(one.kind, one.address) for one in addresses.known(tx, self._sealer, subject)
        ]
        tx.execute(delete(codes).where(codes.c.contact.in_(sent)))
        self._sealer.forget(tx, CONTACT, reached)
        tx.execute(delete(grants).where(grants.c.holder == subject))
        gone = {
            table: tx.execute(delete(table).where(table.c.person == subject)).rowcount
            for table in (contacts, accounts, session_rows, links)
        }
        return (
            self._anonymous(tx, person),
            Outcome(kind=CONTACT, erased=len(reached)),
            Outcome(kind=TOTP, erased=secrets),
            Outcome(kind=_SESSION, erased=gone[session_rows]),
            Outcome(kind=_ACCOUNT, erased=gone[accounts]),
        )

    def _anonymous(self, tx: Connection, person: Person) -> Outcome:
        changes = {"state": PersonState.ERASED, "login": "", "unit": "", "seen": None}
        persons.change(tx, person, self._clock.now(), **changes, **({"name": ""} if person.citizen else {}))
        if person.citizen:
            return Outcome(kind=PERSON, erased=1)
        return Outcome(kind=PERSON, kept=1, why=_GROUND)


def _contacts(tx: Connection, person: str) -> Sequence[str]:
    query = select(contacts.c.id).where(contacts.c.person == person)
    return tx.execute(query.order_by(contacts.c.created)).scalars().all()
