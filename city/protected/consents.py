"""Consent: who may be told what of a case, until when. Without one that holds, nothing leaves the team."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from city.identity.caller import Caller
from city.protected.cases import CONSENT, Cases
from city.protected.errors import Hidden, NoConsent
from city.protected.model import opaque
from city.protected.tables import cases, consents
from contracts.errors import Refused

_SCOPE: Final = re.compile(r"[a-z][a-z0-9_.-]{1,63}")
_MOST: Final = 2_000  # characters of what is written down


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One consent. Who gave it and in which words lies in the vault."""

    id: str
    case: str
    scope: str  # a code: `refer`, `share.health`
    receiver: str  # id of the unit or agency that may be told
    given: int  # µs UTC
    until: int  # µs UTC
    withdrawn: int | None = None  # µs UTC

    def holds(self, now: int) -> bool:
        """Whether it counts at an instant."""
        return self.withdrawn is None and self.given <= now < self.until


class Consents:
    """Consents to one programme's cases."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def give(
        self,
        tx: Connection,
        case: str,
        *,
        scope: str,
        receiver: str,
        until: int,
        words: str,
        by: Caller,
    ) -> Consent:
        """Write down a consent; who gave it and how is kept encrypted. Raises Hidden, Forbidden, Refused."""
        found = self._cases.member(tx, case, by, lock=True)
        now = self._cases.clock.now()
        if not _SCOPE.fullmatch(scope):
            raise Refused("scope", scope, "a code of small letters, digits, `.`, `_`, `-`")
        if until <= now:
            raise Refused("until", until, "an instant to come: a consent ends by itself")
        if not 1 <= len(words.strip()) <= _MOST:
            raise Refused("words", "(not shown)", f"who consents and to what, in up to {_MOST:,} characters")
        made = Consent(id=opaque(), case=case, scope=scope, receiver=receiver, given=now, until=until)
        tx.execute(insert(consents).values(**msgspec.structs.asdict(made)))
        fields = {"words": words.strip()}
        self._cases.vault.seal(tx, kind=CONSENT, record=made.id, subject="", fields=fields)
        self._cases.note(tx, found.case, "consent_given", by, why=scope)
        return made

    def withdraw(self, tx: Connection, consent: str, *, by: Caller) -> Consent:
        """It does not hold any more from now on; twice is the same as once. Raises Hidden, Forbidden."""
        known = self._one(tx, consent)
        found = self._cases.member(tx, known.case, by, lock=True)
        now = self._cases.clock.now()
        mine = (consents.c.id == consent) & consents.c.withdrawn.is_(None)
        if not tx.execute(update(consents).where(mine).values(withdrawn=now)).rowcount:
            return self._one(tx, consent)
        self._cases.note(tx, found.case, "consent_withdrawn", by, why=known.scope)
        return msgspec.structs.replace(known, withdrawn=now)

    def words(self, tx: Connection, consent: str, *, by: Caller) -> str:
        """Who consented and in which words. Raises Hidden."""
        known = self._one(tx, consent)
        found = self._cases.access(tx, known.case, by)
        self._cases.note(tx, found.case, "viewed", by, fields=("consent",))
        return str(self._cases.vault.open(tx, CONSENT, consent)["words"])

    def of(self, tx: Connection, case: str, *, by: Caller) -> list[Consent]:
        """All consents of a case, oldest first. Raises Hidden."""
        self._cases.access(tx, case, by)
        query = select(consents).where(consents.c.case == case)
        return [_consent(row) for row in tx.execute(query.order_by(consents.c.given, consents.c.id))]

    def need(self, tx: Connection, case: str, *, scope: str, receiver: str) -> Consent:
        """Make sure until the transaction ends that a consent holds; then tell. Raises NoConsent."""
        query = select(consents).where(
            consents.c.case == case, consents.c.scope == scope, consents.c.receiver == receiver
        )
        now = self._cases.clock.now()
        for row in tx.execute(query.order_by(consents.c.until.desc()).with_for_update(read=True)):
            if (one := _consent(row)).holds(now):
                return one
        raise NoConsent(scope)

    def ending(self, tx: Connection, *, before: int, limit: int = 100) -> list[Consent]:
        """Consents that hold now and end before an instant: for reminders."""
        query = (
            select(consents)
            .join(cases, cases.c.id == consents.c.case)
            .where(
                cases.c.programme == self._cases.programme,
                consents.c.withdrawn.is_(None),
                consents.c.until.between(self._cases.clock.now() + 1, before - 1),
            )
        )
        return [_consent(row) for row in tx.execute(query.order_by(consents.c.until).limit(limit))]

    def _one(self, tx: Connection, consent: str) -> Consent:
        row = tx.execute(select(consents).where(consents.c.id == consent)).one_or_none()
        if row is None:
            raise Hidden
        return _consent(row)


def _consent(row: Row[Any]) -> Consent:
    return Consent(**row._asdict())
