"""Recovery codes: on paper, for the day on which the phone is gone. Each is taken once."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, delete, insert, update

from city.db import Database
from city.identity import factors
from city.identity.caller import Caller
from city.identity.errors import NotNow
from city.identity.notes import Notes
from city.identity.seals import Sealer
from city.identity.tables.factors import recoveries
from runtime.clock import Clock

COUNT: Final = 10
_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are read for another
_LENGTH: Final = 12  # 59 bits
_KIND: Final = "recovery"


class Recoveries:
    """Makes recovery codes."""

    def __init__(self, db: Database, *, clock: Clock, sealer: Sealer, notes: Notes) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._notes = notes

    def renew(self, by: Caller) -> tuple[str, ...]:
        """New codes, shown once; older ones no longer work. Raises Again, NotNow."""
        codes = tuple(_new() for _ in range(COUNT))
        with self._db.begin() as tx:
            factors.may_change(tx, by, self._clock.now())
            if not factors.any_of(tx, by.id):
                raise NotNow("second factor", "not set", "add an app or a passkey first")
            tx.execute(delete(recoveries).where(recoveries.c.person == by.id))
            rows = [{"person": by.id, "hash": _hash(self._sealer, by.id, code)} for code in codes]
            tx.execute(insert(recoveries), rows)
            self._notes.note(tx, by=by.id, action="factor.added", kind="person", id=by.id, changed=(_KIND,))
        return codes


def take(tx: Connection, sealer: Sealer, person: str, code: str, now: int) -> bool:
    """Whether a code is one of a person's, and was not taken before; it is now."""
    mine = (recoveries.c.person == person) & (recoveries.c.hash == _hash(sealer, person, code))
    query = update(recoveries).where(mine, recoveries.c.used.is_(None)).values(used=now)
    return bool(tx.execute(query).rowcount)


def _new() -> str:
    code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    return "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4))


def _hash(sealer: Sealer, person: str, code: str) -> str:
    plain = "".join(sign for sign in code.lower()[:64] if sign in _SIGNS)
    return sealer.blind(_KIND, f"{person}:{plain}")
