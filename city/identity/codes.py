"""Citizens come in by a one-time code to their phone or mailbox. Calls block: use a thread."""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from city.db import Database
from city.identity import contacts, fields, opaque, persons, rows, throttle
from city.identity.came import Came
from city.identity.contacts import Contact
from city.identity.errors import BadSignIn
from city.identity.model import Person, PersonKind, PersonState
from city.identity.ports import Sender
from city.identity.seals import CONTACT, Sealer
from city.identity.sessions import Method, Opened
from city.identity.settings import Settings
from city.identity.signin import SignIn
from city.identity.tables.factors import codes
from city.identity.tables.people import contacts as table
from city.identity.tables.people import people
from city.identity.throttle import Mark
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_LONGEST: Final = 20  # signs of a code that are looked at


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way; the same answer whether there is an account or not."""

    id: str  # to be given back with the code
    expires: int  # µs UTC
    sent_to: str  # masked


class Codes:
    """Sends codes and takes them."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        sender: Sender,
        signin: SignIn,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._sender = sender
        self._signin = signin
        self._settings = settings

    def send(self, contact: Contact, came: Came, *, language: str = "id") -> Asked:
        """Send a code, which works for who asked alone. Raises Refused, TooMany, Unsent."""
        contact = contacts.normal(contact)
        language = fields.language(language)
        limits = self._settings.codes
        now = self._clock.now()
        id_ = secrets.token_urlsafe(24)
        code = f"{secrets.randbelow(10**limits.length):0{limits.length}d}"
        expires = now + round(limits.lasts * SECOND)
        with self._db.begin() as tx:
            blind = self._blind(contact)
            throttle.enter(self._db, tx, self._marks(tx, blind, came), now, self._settings.throttle)
            row = {"id": opaque.digest(id_), "contact": blind, "hash": self._hash(id_, code)}
            tx.execute(insert(codes).values(**row, tries=0, created=now, expires=expires))
        self._sender.send(kind=contact.kind, address=contact.address, code=code, language=language)
        return Asked(id=id_, expires=expires, sent_to=contacts.masked(contact.address))

    def enter(self, asked: str, contact: Contact, code: str, came: Came, *, language: str = "id") -> Opened:
        """A session for who has the code that went to this contact; a first code makes the account.

        Raises BadSignIn, Refused.
        """
        contact = contacts.normal(contact)
        language = fields.language(language)
        now = self._clock.now()
        with self._db.begin() as tx:
            row = self._try(tx, asked, now)
            good = (
                row is not None
                and opaque.same(row.hash, self._hash(asked, code.strip()[:_LONGEST]))
                and opaque.same(row.contact, self._blind(contact))
            )
            # Counted first and taken after: of all who have the code, one comes in.
            person = self._take(tx, row, contact, language, now) if row and good else None
            opened = None
            if person is not None:
                throttle.forgive(tx, self._marks(tx, self._blind(contact), came)[0])
                opened = self._signin.open(tx, person, Method.CODE, came)
                self._signin.came_in(tx, person, opened, contact.kind)
        if opened is None:
            raise BadSignIn
        return self._signin.known(opened, came)

    def _try(self, tx: Connection, asked: str, now: int) -> Row[Any] | None:
        """Count one try of a code that still stands; None where it does not."""
        mine = (codes.c.id == opaque.digest(asked)) & codes.c.used.is_(None) & (codes.c.expires > now)
        mine &= codes.c.tries < self._settings.codes.tries
        query = update(codes).where(mine).values(tries=codes.c.tries + 1).returning(codes)
        return tx.execute(query).one_or_none()

    def _take(
        self, tx: Connection, row: Row[Any], contact: Contact, language: str, now: int
    ) -> Person | None:
        """Who comes in by this code, which nobody uses again."""
        mine = (codes.c.id == row.id) & codes.c.used.is_(None)
        if not tx.execute(update(codes).where(mine).values(used=now)).rowcount:
            return None
        owner = _owner(tx, row.contact) or self._add(tx, row.contact, contact, language, now)
        person = persons.get(tx, owner, lock=True)
        return person if person.state == PersonState.ACTIVE else None

    def _add(self, tx: Connection, blind: str, contact: Contact, language: str, now: int) -> str:
        """A new citizen whose contact this is."""
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
        row = {"id": self._ids(), "person": new.id, "kind": contact.kind, "blind": blind, "claim": blind}
        if rows.add(self._db, tx, table, row | {"created": now, "verified": now}):
            address = {"address": contact.address}
            self._sealer.seal(tx, CONTACT, row["id"], subject=new.id, fields=address)
            return new.id
        # Two codes to one new contact, both right and at once: the other was quicker, and its account stands.
        tx.execute(delete(people).where(people.c.id == new.id))
        return _owner(tx, blind) or new.id

    def _marks(self, tx: Connection, blind: str, came: Came) -> tuple[Mark, ...]:
        free = self._settings.codes.contact
        return self._signin.marks(f"code:{blind}", _owner(tx, blind), came, free=free)

    def _blind(self, contact: Contact) -> str:
        return self._sealer.blind(contact.kind, contact.address)

    def _hash(self, asked: str, code: str) -> str:
        return self._sealer.blind("code", f"{asked}:{code}")


def _owner(tx: Connection, blind: str) -> str | None:
    """Who signs in by a contact."""
    query = select(table.c.person).where(table.c.claim == blind)
    owner: str | None = tx.execute(query).scalar_one_or_none()
    return owner
