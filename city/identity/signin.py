"""Coming in: by password and second factor, or by a one-time link. Calls block: use a thread."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from sqlalchemy import Connection, update

from city.db import Database
from city.identity import (
    factors,
    fields,
    links,
    opaque,
    passwords,
    persons,
    recovery,
    sessions,
    throttle,
    totp,
)
from city.identity.came import Came
from city.identity.errors import BadSignIn, Busy
from city.identity.factors import FactorKind
from city.identity.model import Person, PersonState
from city.identity.notes import Notes
from city.identity.passwords import Hasher
from city.identity.seals import Sealer
from city.identity.sessions import Method, Opened
from city.identity.settings import Settings
from city.identity.tables.people import people
from city.identity.throttle import Mark
from runtime.clock import Clock
from runtime.ids import Factory

ENROL: Final = "enrol"  # what comes next where somebody has no second factor yet
_NOBODY: Final = ""  # id in the trail, where an attempt names no account of ours


class SignIn:
    """Opens sessions of staff and partners."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        notes: Notes,
        hasher: Hasher,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._notes = notes
        self._hasher = hasher
        self._settings = settings

    def password(self, login: str, password: str, came: Came) -> Opened:
        """First factor. The answer and the work are the same for an account that is not there.

        Raises BadSignIn, TooMany, Busy.
        """
        name = fields.name(login)
        with self._db.begin() as tx:
            person = persons.find(tx, people.c.login == name)
            marks = self.marks(f"password:{name}", person.id if person else None, came)
            throttle.enter(self._db, tx, marks, self._clock.now(), self._settings.throttle)
            kept = passwords.kept(tx, person.id) if person else None
        try:
            good = self._hasher.verify(kept, password)
            renewed = self._hasher.hash(password) if good and kept and self._hasher.old(kept) else None
        except Busy:
            with self._db.begin() as tx:
                for mark in marks:
                    throttle.undo(tx, mark)
            raise
        with self._db.begin() as tx:
            opened = self._first(tx, person.id, kept, came) if good and person and kept else None
            if opened is None:
                self._refused(tx, person)
            else:
                self._forgive(tx, marks)
                if renewed and kept:
                    passwords.exchange(tx, opened.session.person, kept, renewed)
        if opened is None:
            raise BadSignIn
        return opened

    def second(self, token: str, kind: FactorKind, code: str, came: Came) -> Opened:
        """Second factor of an open session, which goes on under a new token. Raises BadSignIn, TooMany."""
        now = self._clock.now()
        opened = None
        with self._db.begin() as tx:
            session = sessions.standing(tx, token, now)
            person = persons.get(tx, session.person, lock=True) if session else None
            if session is None or person is None or person.state != PersonState.ACTIVE:
                raise BadSignIn
            marks = self.marks(f"second:{person.id}", person.id, came)
            throttle.enter(self._db, tx, marks, now, self._settings.throttle)
            take = {FactorKind.TOTP: totp.take, FactorKind.RECOVERY: recovery.take}.get(kind)
            if take is not None and take(tx, self._sealer, person.id, code, now):
                limits = self._settings.sessions
                opened = sessions.strengthen(tx, session, person, now=now, limits=limits)
            if opened is None:
                self._refused(tx, person)
            else:
                self._forgive(tx, marks)
                self.came_in(tx, person, opened, kind)
        if opened is None:
            raise BadSignIn
        return self.known(opened, came)

    def link(self, token: str, came: Came) -> Opened:
        """Open a one-time link: one of all who try at once gets the session. Raises BadSignIn."""
        now = self._clock.now()
        with self._db.begin() as tx:
            taken = links.take(tx, token, now)
            person = persons.get(tx, taken, lock=True) if taken else None
            if person is None or person.state not in {PersonState.INVITED, PersonState.ACTIVE}:
                raise BadSignIn
            opened = self.open(tx, person, Method.LINK, came)
            self._notes.note(tx, by=person.id, action="link.used", kind="person", id=person.id)
        return opened

    def stands(self, token: str) -> bool:
        """Whether a link could be opened now: for the page that asks before it does."""
        with self._db.read() as tx:
            return links.stands(tx, token, self._clock.now())

    def out(self, token: str) -> None:
        """Sign out; nothing where nobody was signed in."""
        now = self._clock.now()
        with self._db.begin() as tx:
            session = sessions.standing(tx, token, now)
            if session and sessions.end(tx, session.id, now, why="signed-out"):
                by = session.person
                self._notes.note(tx, by=by, action="session.ended", kind="session", id=session.id)

    def open(
        self, tx: Connection, person: Person, method: Method, came: Came, *, strong: bool = False
    ) -> Opened:
        """A session of this person, and what must be shown next."""
        opened = sessions.begin(
            tx,
            person,
            method,
            came,
            id=self._ids(),
            now=self._clock.now(),
            limits=self._settings.sessions,
            strong=strong,
        )
        if strong or person.citizen:
            return opened
        return msgspec.structs.replace(opened, next=factors.kinds(tx, person.id) or (ENROL,))

    def known(self, opened: Opened, came: Came) -> Opened:
        """With the token by which this browser is known from now on."""
        person = opened.session.person
        device = came.device
        if not self._knows(person, device):
            device = self._signed(secrets.token_urlsafe(12), person)
        return msgspec.structs.replace(opened, device=device)

    def came_in(self, tx: Connection, person: Person, opened: Opened, by: str) -> None:
        """Write down that somebody is in."""
        tx.execute(update(people).where(people.c.id == person.id).values(seen=self._clock.now()))
        self._notes.note(
            tx,
            by=person.id,
            action="session.opened",
            kind="session",
            id=opened.session.id,
            changed=(opened.session.method, by),
        )

    def marks(
        self, account: str, person: str | None, came: Came, *, free: int | None = None
    ) -> tuple[Mark, ...]:
        """What an attempt counts against: first the account, or this device where it belongs to it."""
        limits = self._settings.throttle
        known = person is not None and self._knows(person, came.device)
        key = f"device:{came.device}:{account}" if known else account
        marks = [Mark(key=self._sealer.blind("throttle", key), free=limits.account if free is None else free)]
        if came.source:
            # Of the code that is asked for and of the password that is tried, each has its own count.
            shared = f"{account.partition(':')[0]}:{came.source}"
            marks.append(Mark(key=self._sealer.blind("throttle", shared), free=limits.address))
        return tuple(marks)

    def _first(self, tx: Connection, person: str, kept: str, came: Came) -> Opened | None:
        """A session, unless the account changed while the password was being looked at."""
        found = persons.get(tx, person, lock=True)
        if found.state != PersonState.ACTIVE or passwords.kept(tx, person) != kept:
            return None
        return self.open(tx, found, Method.PASSWORD, came)

    def _refused(self, tx: Connection, person: Person | None) -> None:
        id_ = person.id if person else _NOBODY
        self._notes.note(tx, by=id_, action="session.refused", kind="person", id=id_)

    def _forgive(self, tx: Connection, marks: tuple[Mark, ...]) -> None:
        throttle.forgive(tx, marks[0])
        for shared in marks[1:]:
            throttle.undo(tx, shared)

    def _knows(self, person: str, device: str) -> bool:
        name = device.partition(".")[0]
        return bool(name) and opaque.same(device, self._signed(name, person))

    def _signed(self, device: str, person: str) -> str:
        return f"{device}.{self._sealer.blind('device', f'{person}:{device}')}"
