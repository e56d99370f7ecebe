"""Say what is new of a hazard: message after message, each kept as it was said, in the caller's transaction.

A hazard is a fingerprint, and has at most one live message: an update or a cancel names all before it that
have not expired.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from alerts.cap import compose
from alerts.cap.compose import Slip
from alerts.cap.place import Places
from alerts.cap.settings import Settings
from alerts.cap.tables import hazards, messages
from contracts import cap
from contracts.alerts import Alert
from contracts.cap import Kind, Reference
from contracts.instants import SECOND, floor
from runtime.clock import Clock

_MOST: Final = 200  # earlier messages that one names: those of the longest life, said as often as may be
_AT_ONCE: Final = 500


class Sayer:
    """Composes, numbers and keeps."""

    def __init__(self, places: Places, *, clock: Clock, settings: Settings, address: str) -> None:
        """`address`: of the platform, for people who read on."""
        self._places = places
        self._clock = clock
        self._settings = settings
        self._address = address.rstrip("/")

    def begun(self, tx: Connection, alert: Alert) -> None:
        """It fires. Where its hazard is live by an alert of which no end was heard, it is an update."""
        row = held(tx, alert.fingerprint)
        if row is None or not row.live:
            self._say(tx, row, alert, Kind.ALERT)
        elif row.alert != alert.id:
            self._say(tx, row, alert, Kind.UPDATE)

    def changed(self, tx: Connection, alert: Alert) -> None:
        """It is otherwise now: said at once, or when the last word is old enough where only figures moved."""
        row = held(tx, alert.fingerprint)
        if row is None or not row.live or row.alert != alert.id:
            return
        if row.mark != compose.mark(alert):
            self._say(tx, row, alert, Kind.UPDATE)
        elif not row.stale:
            tx.execute(update(hazards).where(hazards.c.hazard == row.hazard).values(stale=True))

    def ended(self, tx: Connection, alert: Alert) -> None:
        """It is over."""
        row = held(tx, alert.fingerprint)
        if row is not None and row.live and row.alert == alert.id:
            self._say(tx, row, alert, Kind.CANCEL)

    def again(self, tx: Connection, alert: Alert) -> None:
        """Said again before it expires, or because its figures have changed."""
        row = held(tx, alert.fingerprint)
        if row is not None and row.live and row.alert == alert.id:
            self._say(tx, row, alert, Kind.UPDATE)

    def due(self, tx: Connection) -> list[str]:
        """Alerts that are to be said again, the oldest word first."""
        now = self._clock.now()
        quiet = hazards.c.stale & (hazards.c.sent <= now - round(self._settings.quiet * SECOND))
        half = hazards.c.expires <= now + round(self._settings.life * SECOND / 2)
        query = select(hazards.c.alert).where(hazards.c.live, quiet | half).order_by(hazards.c.sent)
        return list(tx.execute(query.limit(_AT_ONCE)).scalars())

    def forget(self, tx: Connection) -> int:
        """Drop what was said long ago of hazards that are over; how many messages."""
        before = self._clock.now() - round(self._settings.keep * SECOND)
        living = select(hazards.c.hazard).where(hazards.c.live)
        old = (messages.c.sent < before) & messages.c.hazard.not_in(living)
        some = select(messages.c.identifier).where(old).limit(_AT_ONCE)
        return tx.execute(delete(messages).where(messages.c.identifier.in_(some))).rowcount

    def _say(self, tx: Connection, row: Row[Any] | None, alert: Alert, kind: Kind) -> None:
        # A clock that was set back must not make a later message look earlier.
        sent = floor(max(self._clock.now(), row.sent if row is not None else 0), SECOND)
        expires = floor(sent + round(self._settings.life * SECOND), SECOND)
        number = 1 if row is None else row.number + 1
        first = number if row is None or kind is Kind.ALERT else row.first
        identifier = f"{alert.id}.{number}"
        before = self._before(tx, alert.fingerprint, first, sent)
        message = compose.message(
            alert,
            kind,
            Slip(identifier=identifier, sent=sent, expires=expires, references=before),
            place=self._places.find(tx, alert.site),
            settings=self._settings,
            web=f"{self._address}/api/v1/alerts/{alert.id}",
        )
        of = {"hazard": alert.fingerprint, "alert": alert.id, "number": number, "identifier": identifier}
        when = {"sent": sent, "expires": expires}
        content = cap.encode(message).decode()
        tx.execute(insert(messages), of | when | {"kind": kind.value, "content": content})
        now = {
            "first": first,
            "live": kind is not Kind.CANCEL,
            "mark": compose.mark(alert),
            "stale": False,
        }
        if row is None:
            tx.execute(insert(hazards), of | when | now)
        else:
            tx.execute(update(hazards).where(hazards.c.hazard == alert.fingerprint).values(of | when | now))

    def _before(self, tx: Connection, hazard: str, first: int, sent: int) -> tuple[Reference, ...]:
        """What a receiver may still hold to be true of this life of the hazard, oldest first."""
        query = (
            select(messages.c.identifier, messages.c.sent)
            .where(messages.c.hazard == hazard, messages.c.number >= first, messages.c.expires > sent)
            .order_by(messages.c.number.desc())
            .limit(_MOST)
        )
        sender = self._settings.sender
        return tuple(
            Reference(sender=sender, identifier=row.identifier, sent=row.sent)
            for row in reversed(tx.execute(query).all())
        )


def held(tx: Connection, hazard: str) -> Row[Any] | None:
    """How a hazard stands, held until the transaction ends."""
    query = select(hazards).where(hazards.c.hazard == hazard)
    return tx.execute(query.with_for_update()).one_or_none()
