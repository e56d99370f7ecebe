"""One-time codes to a phone or mailbox, whatever they are for. Calls block: use a thread."""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from city.db import Database
from city.identity import contacts, fields, opaque, throttle
from city.identity.came import Came
from city.identity.contacts import Contact
from city.identity.ports import Sender
from city.identity.seals import Sealer
from city.identity.settings import Settings
from city.identity.signin import SignIn
from city.identity.tables.factors import codes
from city.identity.tables.people import contacts as table
from city.identity.throttle import Mark
from city.privacy.blind import Digests
from contracts.instants import SECOND
from runtime.clock import Clock

_LONGEST: Final = 20  # signs of a code that are looked at


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way; the same answer whether there is an account or not."""

    id: str  # to be given back with the code
    expires: int  # µs UTC
    sent_to: str  # masked


class OneTime:
    """Sends codes and takes them. A code is good for its own purpose, contact and asker alone."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        sealer: Sealer,
        sender: Sender,
        signin: SignIn,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._sender = sender
        self._signin = signin
        self._settings = settings

    def send(self, purpose: str, contact: Contact, came: Came, *, language: str) -> Asked:
        """Send a code. Raises Refused, TooMany, Unsent."""
        contact = contacts.normal(contact)
        language = fields.language(language)
        limits = self._settings.codes
        now = self._clock.now()
        id_ = secrets.token_urlsafe(24)
        code = f"{secrets.randbelow(10**limits.length):0{limits.length}d}"
        expires = now + round(limits.lasts * SECOND)
        with self._db.begin() as tx:
            blind = self.blind(contact)
            throttle.enter(self._db, tx, self._marks(tx, contact, came), now, self._settings.throttle)
            row = {"id": opaque.digest(id_), "contact": blind, "hash": self._hash(purpose, id_, code)}
            tx.execute(insert(codes).values(**row, tries=0, created=now, expires=expires))
        self._sender.send(kind=contact.kind, address=contact.address, code=code, language=language)
        return Asked(id=id_, expires=expires, sent_to=contacts.masked(contact.address))

    def take(self, tx: Connection, purpose: str, asked: str, contact: Contact, code: str, came: Came) -> bool:
        """Whether it is the code, for one of all who have it. A wrong one counts: commit in any case."""
        now = self._clock.now()
        blind = self.blind(contact)
        row = self._try(tx, asked, now)
        if (
            row is None
            or not opaque.same(row.hash, self._hash(purpose, asked, code.strip()[:_LONGEST]))
            or not opaque.same(row.contact, blind)
        ):
            return False
        # The try that was counted holds the row until the transaction ends: nobody else takes it.
        tx.execute(update(codes).where(codes.c.id == row.id).values(used=now))
        throttle.forgive(tx, self._marks(tx, contact, came)[0])
        return True

    def blind(self, contact: Contact) -> str:
        """For what is kept of a contact, in its normal form, as long as a code lasts."""
        return self._sealer.blind(contact.kind, contact.address)

    def _try(self, tx: Connection, asked: str, now: int) -> Row[Any] | None:
        """Count one try of a code that still stands; None where it does not."""
        mine = (codes.c.id == opaque.digest(asked)) & codes.c.used.is_(None) & (codes.c.expires > now)
        mine &= codes.c.tries < self._settings.codes.tries
        query = update(codes).where(mine).values(tries=codes.c.tries + 1).returning(codes)
        return tx.execute(query).one_or_none()

    def _marks(self, tx: Connection, contact: Contact, came: Came) -> tuple[Mark, ...]:
        free = self._settings.codes.contact
        whose = owner(tx, self._sealer.digests(tx, contact))
        return self._signin.marks(f"code:{self.blind(contact)}", whose, came, free=free)

    def _hash(self, purpose: str, asked: str, code: str) -> str:
        return self._sealer.blind("code", f"{purpose}:{asked}:{code}")


def owner(tx: Connection, digests: Digests) -> str | None:
    """Who signs in by a contact."""
    query = select(table.c.person).where(table.c.claim.in_(digests.all))
    found: str | None = tx.execute(query).scalar_one_or_none()
    return found
