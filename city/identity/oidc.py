"""Accounts at the city's sign-on: issuer and subject stand for a person. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from city.db import Database
from city.identity import factors, fields, links, persons, rows
from city.identity.caller import Caller
from city.identity.came import Came
from city.identity.errors import BadSignIn, Taken, Unknown
from city.identity.model import Person, PersonState
from city.identity.notes import Notes
from city.identity.sessions import Method, Opened
from city.identity.signin import SignIn
from city.identity.tables.people import accounts, people
from runtime.clock import Clock


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """How one issuer knows a person."""

    issuer: str
    subject: str
    person: str
    created: int  # µs UTC
    used: int | None = None  # µs UTC


class Accounts:
    """Links accounts of other sign-ons to people, and lets people in by them."""

    def __init__(self, db: Database, *, clock: Clock, notes: Notes, signin: SignIn) -> None:
        self._db = db
        self._clock = clock
        self._notes = notes
        self._signin = signin

    def of(self, by: Caller) -> Sequence[Account]:
        """One's own accounts elsewhere."""
        query = select(accounts).where(accounts.c.person == by.id).order_by(accounts.c.created)
        with self._db.read() as tx:
            return [Account(**row) for row in tx.execute(query).mappings()]

    def link(self, by: Caller, issuer: str, subject: str) -> None:
        """Come in by this account from now on. Raises Again, Taken."""
        now = self._clock.now()
        with self._db.begin() as tx:
            factors.may_change(tx, by, now)
            row = {"issuer": issuer, "subject": subject, "person": by.id, "created": now}
            if not rows.add(self._db, tx, accounts, row):
                raise Taken("account", subject)
            self._notes.note(tx, by=by.id, action="account.linked", kind="person", id=by.id)

    def unlink(self, by: Caller, issuer: str, subject: str) -> None:
        """Come in by this account no more. Raises Again, Unknown."""
        with self._db.begin() as tx:
            factors.may_change(tx, by, self._clock.now())
            if not tx.execute(delete(accounts).where(*_is(issuer, subject, by.id))).rowcount:
                raise Unknown("account", subject)
            self._notes.note(tx, by=by.id, action="account.unlinked", kind="person", id=by.id)

    def sign_in(self, issuer: str, subject: str, came: Came, *, strong: bool, login: str = "") -> Opened:
        """Let in whoever the issuer vouches for, after its answer was verified. Raises BadSignIn.

        `strong`: the issuer saw a second factor. `login`: by which a trusted issuer names staff of ours, who
        are linked when they first come; empty where it is trusted with nothing.
        """
        now = self._clock.now()
        with self._db.begin() as tx:
            person = self._known(tx, issuer, subject) or self._adopted(tx, issuer, subject, login, now)
            if person is None or person.state not in {PersonState.ACTIVE, PersonState.INVITED}:
                raise BadSignIn
            if strong and person.state == PersonState.INVITED:
                person = persons.change(tx, person, now, state=PersonState.ACTIVE)
                links.withdraw(tx, person.id, now)
            tx.execute(update(accounts).where(*_is(issuer, subject)).values(used=now))
            opened = self._signin.open(tx, person, Method.OIDC, came, strong=strong)
            self._signin.came_in(tx, person, opened, "oidc")
        return self._signin.known(opened, came) if strong else opened

    def _known(self, tx: Connection, issuer: str, subject: str) -> Person | None:
        found = tx.execute(select(accounts.c.person).where(*_is(issuer, subject))).scalar_one_or_none()
        return persons.find(tx, people.c.id == found, lock=True) if found else None

    def _adopted(self, tx: Connection, issuer: str, subject: str, login: str, now: int) -> Person | None:
        """Whom a trusted issuer names, linked from here on; None where it named somebody else so before."""
        name = fields.name(login)
        person = persons.find(tx, people.c.login == name, lock=True) if name else None
        if person is None:
            return None
        mine = (accounts.c.issuer == issuer) & (accounts.c.person == person.id)
        if tx.execute(select(accounts).where(mine, accounts.c.subject != subject)).first():
            return None
        row = {"issuer": issuer, "subject": subject, "person": person.id, "created": now}
        rows.add(self._db, tx, accounts, row)
        return self._known(tx, issuer, subject)  # another may have been as quick


def _is(issuer: str, subject: str, person: str = "") -> list[Any]:
    same = [accounts.c.issuer == issuer, accounts.c.subject == subject]
    return [*same, accounts.c.person == person] if person else same
