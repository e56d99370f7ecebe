"""Second factors of a person, whichever kind: which there are, and when one may be added."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select

from city.identity import persons, sessions
from city.identity.caller import Caller
from city.identity.errors import Again
from city.identity.model import PersonState
from city.identity.seals import TOTP, Sealer
from city.identity.sessions import Opened
from city.identity.settings import Sessions as Limits
from city.identity.tables.doors import sessions as table
from city.identity.tables.factors import authenticators, passkeys, passwords, recoveries
from contracts.instants import SECOND

FRESH: Final = 900 * SECOND  # a second factor shown this long ago still opens what hurts if stolen
_OPENERS: Final = ("link", "oidc")  # sessions in which somebody without a factor may add his first


class FactorKind(StrEnum):
    """What a second factor is."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One second factor, without what is secret of it."""

    id: str
    kind: FactorKind
    label: str
    created: int  # µs UTC
    used: int | None  # µs UTC


def of(tx: Connection, person: str) -> Sequence[Factor]:
    """Factors that work, oldest first."""
    shared = authenticators.c
    totp = select(shared.id, shared.label, shared.created, shared.used).where(
        shared.person == person, shared.confirmed.is_not(None)
    )
    keys = select(passkeys.c.id, passkeys.c.label, passkeys.c.created, passkeys.c.used).where(
        passkeys.c.person == person
    )
    found = [
        Factor(kind=kind, **row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
        for kind, query in ((FactorKind.TOTP, totp), (FactorKind.PASSKEY, keys))
        for row in tx.execute(query)
    ]
    return sorted(found, key=lambda one: (one.created, one.id))


def any_of(tx: Connection, person: str) -> bool:
    """Whether a person has a second factor."""
    return bool(of(tx, person))


def kinds(tx: Connection, person: str) -> tuple[FactorKind, ...]:
    """What a person can show after his password."""
    found = {factor.kind for factor in of(tx, person)}
    left = select(recoveries.c.hash).where(recoveries.c.person == person, recoveries.c.used.is_(None))
    if tx.execute(left.limit(1)).one_or_none() is not None:
        found.add(FactorKind.RECOVERY)
    return tuple(kind for kind in FactorKind if kind in found)


def remove(tx: Connection, sealer: Sealer, factor: Factor) -> None:
    """Take away one factor."""
    if factor.kind == FactorKind.TOTP:
        tx.execute(delete(authenticators).where(authenticators.c.id == factor.id))
        sealer.forget(tx, TOTP, [factor.id])
    else:
        tx.execute(delete(passkeys).where(passkeys.c.id == factor.id))


def forget(tx: Connection, sealer: Sealer, person: str) -> None:
    """Take away password, factors and recovery codes."""
    mine = delete(authenticators).where(authenticators.c.person == person)
    sealer.forget(tx, TOTP, tx.execute(mine.returning(authenticators.c.id)).scalars().all())
    for kept in (passwords, passkeys, recoveries):
        tx.execute(delete(kept).where(kept.c.person == person))


def may_change(tx: Connection, by: Caller, now: int) -> None:
    """Make sure that the caller may change by what he is known. Raises Again where he must show more first.

    With a second factor shown lately; or while he has none, in a session that a link or OIDC began.
    """
    if by.strong:
        if not by.fresh(now, within=FRESH):
            raise Again
        return
    method = tx.execute(select(table.c.method).where(table.c.id == by.session)).scalar_one_or_none()
    if method not in _OPENERS or any_of(tx, by.id):
        raise Again


def confirmed(tx: Connection, by: Caller, now: int, limits: Limits) -> Opened | None:
    """A factor was shown to work: an invited person is active, and his session strong from here, anew.

    None where the session was strong before. Raises Again where it is over.
    """
    person = persons.get(tx, by.id, lock=True)
    if person.state == PersonState.INVITED:
        person = persons.change(tx, person, now, state=PersonState.ACTIVE)
    if by.strong:
        return None
    row = tx.execute(select(table).where(table.c.id == by.session)).one_or_none()
    opened = row and sessions.strengthen(tx, sessions.session(row), person, now=now, limits=limits)
    if not opened:
        raise Again
    return opened
