"""Phones and mailboxes of people: seen, added after a code proved them, taken away. Calls block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, select

from city.db import Database
from city.identity import contacts, factors, persons, rows
from city.identity.caller import Caller
from city.identity.came import Came
from city.identity.contacts import Contact, ContactKind
from city.identity.errors import Again, NotNow, Taken, Unknown
from city.identity.model import Person
from city.identity.notes import Notes
from city.identity.onetime import Asked, OneTime
from city.identity.seals import CONTACT, Sealer
from city.identity.tables.doors import sessions
from city.identity.tables.people import contacts as table
from contracts.errors import Refused
from runtime.clock import Clock
from runtime.ids import Factory

_MOST: Final = 5  # of one person


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or mailbox that its owner proved."""

    id: str
    kind: ContactKind
    address: str
    sign_in: bool  # a code to it lets its owner in: so with citizens
    verified: int  # µs UTC

    def __repr__(self) -> str:
        return f"Address(id={self.id!r}, kind={self.kind.value!r})"  # a log may show it


class Addresses:
    """What a person does about his phones and mailboxes."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        notes: Notes,
        onetime: OneTime,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._notes = notes
        self._onetime = onetime

    def of(self, by: Caller) -> Sequence[Address]:
        """One's own, oldest first."""
        with self._db.read() as tx:
            return known(tx, self._sealer, by.id)

    def ask(self, by: Caller, contact: Contact, came: Came) -> Asked:
        """Send a code to a new one. Raises Again, Refused, TooMany, Unsent."""
        with self._db.read() as tx:
            self._may(tx, by)
            language = persons.get(tx, by.id).language
        return self._onetime.send(_purpose(by), contact, came, language=language)

    def confirm(self, by: Caller, asked: str, contact: Contact, code: str, came: Came) -> Address:
        """Keep it, since the code proves it. Raises Again, Taken, Refused."""
        contact = contacts.normal(contact)
        now = self._clock.now()
        id_ = self._ids()
        with self._db.begin() as tx:
            self._may(tx, by)
            person = persons.get(tx, by.id, lock=True)
            proven = self._onetime.take(tx, _purpose(by), asked, contact, code, came)
            if proven:
                self._room(tx, by.id, contact)
                if not add(self._db, tx, self._sealer, person, contact, id=id_, now=now):
                    raise Taken(contact.kind, "(not shown)")
                self._note(tx, by, "contact.added", contact.kind)
        if not proven:
            raise Refused("code", "(not shown)", "it is not right, was used before, or is too old")
        return Address(
            id=id_, kind=contact.kind, address=contact.address, sign_in=person.citizen, verified=now
        )

    def remove(self, by: Caller, address: str) -> None:
        """Take one away, but not the last by which a citizen comes in. Raises Again, Unknown, NotNow."""
        with self._db.begin() as tx:
            self._may(tx, by)
            persons.get(tx, by.id, lock=True)  # two at once must not both leave the other
            found = known(tx, self._sealer, by.id)
            one = next((one for one in found if one.id == address), None)
            if one is None:
                raise Unknown("contact", address)
            if by.citizen and len(found) == 1:
                raise NotNow("contact", "the last one", "add another before you remove it")
            tx.execute(delete(table).where(table.c.id == address))
            self._sealer.forget(tx, CONTACT, [address])
            self._note(tx, by, "contact.removed", one.kind)

    def _may(self, tx: Connection, by: Caller) -> None:
        """Staff show their factor again; a citizen, who has none, must have come in lately. Raises Again."""
        now = self._clock.now()
        if not by.citizen:
            factors.may_change(tx, by, now)
            return
        began = tx.execute(select(sessions.c.created).where(sessions.c.id == by.session)).scalar_one_or_none()
        if began is None or not 0 <= now - began <= factors.FRESH:
            raise Again

    def _room(self, tx: Connection, person: str, contact: Contact) -> None:
        mine = select(func.count()).select_from(table).where(table.c.person == person)
        digests = self._sealer.digests(tx, contact)
        if tx.execute(mine.where(table.c.blind.in_(digests.all))).scalar_one():
            raise Refused("contact", "(not shown)", "it is yours already")
        if tx.execute(mine).scalar_one() >= _MOST:
            raise Refused("contact", "(not shown)", f"at most {_MOST}: remove one first")

    def _note(self, tx: Connection, by: Caller, action: str, kind: str) -> None:
        self._notes.note(tx, by=by.id, action=action, kind="person", id=by.id, changed=(kind,))


def add(
    db: Database,
    tx: Connection,
    sealer: Sealer,
    person: Person,
    contact: Contact,
    *,
    id: str,  # noqa: A002 - the contact's
    now: int,
) -> bool:
    """Keep a proven contact; False where another citizen comes in by it."""
    digests = sealer.digests(tx, contact)
    older = select(table.c.id).where(table.c.claim.in_(digests.older)).limit(1)
    if person.citizen and digests.older and tx.execute(older).first() is not None:
        return False
    row = {"id": id, "person": person.id, "kind": contact.kind, "created": now, "verified": now}
    found = {"blind": digests.newest, "generation": digests.generation}
    if not rows.add(db, tx, table, {**row, **found, "claim": digests.newest if person.citizen else None}):
        return False
    sealer.seal(tx, CONTACT, id, subject=person.id, fields={"address": contact.address})
    return True


def known(tx: Connection, sealer: Sealer, person: str) -> Sequence[Address]:
    """Proven contacts of a person, oldest first."""
    query = select(table).where(table.c.person == person, table.c.verified.is_not(None))
    found = tx.execute(query.order_by(table.c.created, table.c.id)).all()
    opened = sealer.vault.open_many(tx, CONTACT, [row.id for row in found])
    return [
        Address(
            id=row.id,
            kind=ContactKind(row.kind),
            address=opened[row.id]["address"],
            sign_in=row.claim is not None,
            verified=row.verified,
        )
        for row in found
        if row.id in opened
    ]


def _purpose(by: Caller) -> str:
    return f"contact:{by.id}"
