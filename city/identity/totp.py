"""Authenticator apps (TOTP, RFC 6238) as second factor; each code is taken once. Calls block."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from city.db import Database
from city.identity import factors, fields, opaque, passwords, persons
from city.identity.caller import Caller
from city.identity.errors import BadSignIn, NotNow, Unknown
from city.identity.notes import Notes
from city.identity.seals import TOTP, Sealer
from city.identity.sessions import Opened
from city.identity.settings import Settings
from city.identity.tables.factors import authenticators
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

PERIOD: Final = 30 * SECOND
DIGITS: Final = 6
_DRIFT: Final = 1  # periods that a phone's clock may be off, either way
_SECRET: Final = "secret"  # noqa: S105 - the field's name


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator app needs to know, shown once."""

    id: str
    secret: str  # base32, for who cannot scan
    uri: str  # `otpauth://…`, for a QR code


class Authenticators:
    """Adds authenticator apps."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        notes: Notes,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._notes = notes
        self._settings = settings

    def begin(self, by: Caller, *, label: str) -> Enrolment:
        """A secret for a new app; it counts when a first code confirmed it. Raises Again, NotNow, Refused."""
        import pyotp

        label = fields.line("label", label, most=80)
        now = self._clock.now()
        secret = pyotp.random_base32()
        with self._db.begin() as tx:
            factors.may_change(tx, by, now)
            person = persons.get(tx, by.id)
            if passwords.kept(tx, person.id) is None:
                raise NotNow("password", "not set", "choose a password first: a code goes with one")
            table = authenticators
            drafts = delete(table).where(table.c.person == person.id, table.c.confirmed.is_(None))
            self._sealer.forget(tx, TOTP, tx.execute(drafts.returning(table.c.id)).scalars().all())
            id_ = self._ids()
            self._sealer.seal(tx, TOTP, id_, subject=person.id, fields={_SECRET: secret})
            row = {"id": id_, "person": person.id, "label": label}
            tx.execute(insert(authenticators).values(**row, step=0, created=now))
        uri = pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=self._settings.name)
        return Enrolment(id=id_, secret=secret, uri=uri)

    def confirm(self, by: Caller, authenticator: str, code: str) -> Opened | None:
        """Take the first code of an app; the session anew where it was not strong before.

        Raises Unknown, BadSignIn, Again.
        """
        now = self._clock.now()
        table = authenticators
        mine = (table.c.id == authenticator) & (table.c.person == by.id) & table.c.confirmed.is_(None)
        with self._db.begin() as tx:
            factors.may_change(tx, by, now)
            row = tx.execute(select(table).where(mine).with_for_update()).one_or_none()
            if row is None:
                raise Unknown("authenticator", authenticator)
            step = _step(tx, self._sealer, row.id, row.step, code, now)
            if step is None:
                raise BadSignIn
            tx.execute(update(table).where(mine).values(confirmed=now, used=now, step=step))
            self._notes.note(tx, by=by.id, action="factor.added", kind="person", id=by.id, changed=("totp",))
            return factors.confirmed(tx, by, now, self._settings.sessions)


def take(tx: Connection, sealer: Sealer, person: str, code: str, now: int) -> bool:
    """Whether a code is one of a person's apps, and was not taken before; it is now."""
    table = authenticators
    query = select(table).where(table.c.person == person, table.c.confirmed.is_not(None))
    for row in tx.execute(query.order_by(table.c.id).with_for_update()).all():
        step = _step(tx, sealer, row.id, row.step, code, now)
        if step is not None:
            # The lock is not enough where the engine has none: whoever comes second finds the step taken.
            mine = (table.c.id == row.id) & (table.c.step < step)
            return bool(tx.execute(update(table).where(mine).values(step=step, used=now)).rowcount)
    return False


def _step(tx: Connection, sealer: Sealer, id_: str, last: int, code: str, now: int) -> int | None:
    """The period whose code this is, later than the last one taken; None where it is none."""
    import pyotp

    secret = sealer.open(tx, TOTP, id_).get(_SECRET)
    given = code.replace(" ", "")
    if not secret or len(given) != DIGITS or not (given.isascii() and given.isdigit()):
        return None
    totp = pyotp.TOTP(secret, digits=DIGITS)
    here = now // PERIOD
    for step in range(max(here - _DRIFT, last + 1), here + _DRIFT + 1):
        if opaque.same(totp.generate_otp(step), given):
            return step
    return None
