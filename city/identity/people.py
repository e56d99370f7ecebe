"""Accounts of staff and partners, as those who manage them see them. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, or_, select, tuple_

from city.db import Database
from city.identity import factors, fields, grants, links, persons, rows, sessions, units
from city.identity.caller import EVERYWHERE, Caller
from city.identity.errors import Forbidden, NotNow, Taken, Unknown
from city.identity.links import Link
from city.identity.model import Person, PersonKind, PersonState
from city.identity.notes import Notes
from city.identity.seals import Sealer
from city.identity.settings import Settings
from city.identity.tables.people import people
from contracts.errors import Refused
from runtime.clock import Clock
from runtime.ids import Factory

READ: Final = "identity.people.read"
MANAGE: Final = "identity.people.manage"
Place = tuple[str, str]  # (name, id) of the last person of a page


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """A new account, and the way into it."""

    person: Person
    link: Link


class People:
    """Invites people, changes and suspends their accounts, and gives them a new way in."""

    def __init__(
        self, db: Database, *, clock: Clock, ids: Factory, sealer: Sealer, notes: Notes, settings: Settings
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._notes = notes
        self._settings = settings

    def page(
        self,
        by: Caller,
        *,
        text: str = "",
        unit: str = "",
        state: PersonState | None = None,
        after: Place | None = None,
        limit: int = 100,
    ) -> Sequence[Person]:
        """Staff and partners of the units that the caller may see, by name. Citizens are in no list."""
        query = select(people).where(people.c.kind != PersonKind.CITIZEN)
        reach = by.units(READ)
        if reach is not None:
            query = query.where(people.c.unit.in_(sorted(reach)))
        if text:
            query = query.where(or_(people.c.name.icontains(text, autoescape=True), people.c.login == text))
        if unit:
            query = query.where(people.c.unit == unit)
        if state is None:
            query = query.where(people.c.state != PersonState.ERASED)
        else:
            query = query.where(people.c.state == state)
        if after is not None:
            query = query.where(tuple_(people.c.name, people.c.id) > tuple_(*after))
        query = query.order_by(people.c.name, people.c.id).limit(limit)
        with self._db.read() as tx:
            return [persons.person(row) for row in tx.execute(query).mappings()]

    def get(self, by: Caller, person: str) -> Person:
        """One person; oneself always. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            found = persons.get(tx, person)
        if by.id != person:
            fields.need(by, READ, found.unit)
        return found

    def named(self, login: str) -> Person:
        """The person of a login, for the command line. Raises Unknown."""
        with self._db.read() as tx:
            found = persons.find(tx, people.c.login == fields.name(login))
        if found is None:
            raise Unknown("login", login)
        return found

    def invite(
        self,
        by: Caller,
        *,
        name: str,
        login: str,
        unit: str = EVERYWHERE,
        kind: PersonKind = PersonKind.STAFF,
        language: str = "id",
    ) -> Invited:
        """Make an account without a password, and a one-time link to it.

        Raises Refused, Taken, Unknown, NotNow, Forbidden.
        """
        fields.need(by, MANAGE, unit)
        if kind == PersonKind.CITIZEN:
            raise Refused("kind", kind, "citizens make their accounts themselves")
        now = self._clock.now()
        new = Person(
            id=self._ids(),
            kind=kind,
            state=PersonState.INVITED,
            revision=1,
            name=fields.line("name", name),
            login=fields.login(login),
            unit=unit,
            language=fields.language(language),
            created=now,
            updated=now,
        )
        with self._db.begin() as tx:
            units.there(tx, unit)
            if not rows.add(self._db, tx, people, persons.columns(new)):
                raise Taken("login", new.login)
            link = self._link(tx, by, new, now)
            self._note(tx, by, "person.invited", new, ("name", "login", "unit"))
        return Invited(person=new, link=link)

    def change(
        self,
        by: Caller,
        person: str,
        revision: int,
        *,
        name: str | None = None,
        unit: str | None = None,
        language: str | None = None,
    ) -> Person:
        """Change what is given; one's own language always.

        Raises Unknown, Stale, Refused, NotNow, Forbidden.
        """
        with self._db.begin() as tx:
            old = persons.get(tx, person, lock=True)
            if by.id != person or (name, unit) != (None, None):
                fields.need(by, MANAGE, old.unit)
            fields.current("person", old.revision, revision)
            wanted: dict[str, Any] = {}
            if name is not None and not old.citizen:
                wanted["name"] = fields.line("name", name)
            if language is not None:
                wanted["language"] = fields.language(language)
            if unit is not None and unit != old.unit:
                fields.need(by, MANAGE, unit)
                units.there(tx, unit)
                wanted["unit"] = unit
            changed = tuple(field for field, value in wanted.items() if getattr(old, field) != value)
            if not changed:
                return old
            new = persons.change(tx, old, self._clock.now(), **wanted)
            self._note(tx, by, "person.changed", new, changed)
        return new

    def suspend(self, by: Caller, person: str, revision: int, *, why: str) -> Person:
        """Keep somebody out, at once. Raises Unknown, Stale, NotNow, Refused, Forbidden."""
        return self._turn(by, person, revision, PersonState.SUSPENDED, why)

    def reinstate(self, by: Caller, person: str, revision: int, *, why: str) -> Person:
        """Let somebody in again. Raises Unknown, Stale, NotNow, Refused, Forbidden."""
        return self._turn(by, person, revision, PersonState.ACTIVE, why)

    def renew(self, by: Caller, person: str, *, why: str) -> Link:
        """Take away all that somebody is known by, and make a new way in: for who lost password or factor.

        Raises Unknown, NotNow, Refused, Forbidden.
        """
        why = fields.line("why", why, most=500)
        with self._db.begin() as tx:
            now = self._clock.now()
            old = self._other(tx, by, person, now)
            if old.state not in {PersonState.INVITED, PersonState.ACTIVE} or old.citizen:
                raise NotNow("person", old.state, "only staff and partners who are not suspended get a link")
            factors.forget(tx, self._sealer, person)
            sessions.end_all(tx, person, now, why="renewed")
            new = persons.change(tx, old, now, state=PersonState.INVITED)
            link = self._link(tx, by, new, now)
            self._note(tx, by, "person.renewed", new, ("password", "factors"), why)
        return link

    def _turn(self, by: Caller, person: str, revision: int, to: PersonState, why: str) -> Person:
        why = fields.line("why", why, most=500)
        with self._db.begin() as tx:
            now = self._clock.now()
            old = self._other(tx, by, person, now)
            fields.current("person", old.revision, revision)
            suspended = to == PersonState.SUSPENDED
            if old.state == PersonState.ERASED or (old.state == PersonState.SUSPENDED) == suspended:
                raise NotNow("person", old.state, "this changes nothing")
            if not suspended and not old.citizen and not factors.any_of(tx, person):
                to = PersonState.INVITED
            if suspended:
                sessions.end_all(tx, person, now, why="suspended")
                links.withdraw(tx, person, now)
            new = persons.change(tx, old, now, state=to)
            self._note(tx, by, "person.suspended" if suspended else "person.reinstated", new, ("state",), why)
        return new

    def _other(self, tx: Connection, by: Caller, person: str, now: int) -> Person:
        """Somebody else, whom the caller may manage and by whom he would gain nothing."""
        found = persons.get(tx, person, lock=True)
        if by.id == person:
            raise Refused("person", person, "somebody else must do this to your account")
        fields.need(by, MANAGE, found.unit)
        for one in grants.held(tx, person, now):
            if not by.may(MANAGE, unit=one.unit):
                raise Forbidden(MANAGE, one.unit)
        return found

    def _link(self, tx: Connection, by: Caller, person: Person, now: int) -> Link:
        return links.make(tx, person.id, id=self._ids(), by=by.id, now=now, seconds=self._settings.link)

    def _note(
        self, tx: Connection, by: Caller, action: str, person: Person, changed: Sequence[str], why: str = ""
    ) -> None:
        self._notes.note(
            tx,
            by=by.id,
            action=action,
            kind="person",
            id=person.id,
            changed=changed,
            why=why,
            unit=person.unit,
        )
