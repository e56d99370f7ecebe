"""Reading what was said: one message, the newest of an alert, all that is live. Calls block: use a thread."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from alerts.cap.errors import Unsaid
from alerts.cap.feed import Live
from alerts.cap.tables import hazards, messages
from city.db import Database


class Said:
    """Raises Unavailable besides."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def message(self, identifier: str) -> Live:
        """One message as it was said. Raises Unsaid."""
        return self._newest(messages.c.identifier == identifier, identifier)

    def of(self, alert: str) -> Live:
        """The newest message of an alert. Raises Unsaid: also where nobody heard of it yet."""
        return self._newest(messages.c.alert == alert, alert)

    def live(self, *, before: tuple[int, str] | None = None, limit: int = 200) -> list[Live]:
        """What is live, newest first; `before`: instant and identifier of the last one of the page before."""
        query = (
            select(messages.c.identifier, messages.c.sent, messages.c.content)
            .join(hazards, hazards.c.identifier == messages.c.identifier)
            .where(hazards.c.live)
        )
        if before is not None:
            sent, identifier = before
            query = query.where(
                (messages.c.sent < sent) | ((messages.c.sent == sent) & (messages.c.identifier < identifier))
            )
        query = query.order_by(messages.c.sent.desc(), messages.c.identifier.desc()).limit(limit)
        with self._db.read() as tx:
            return [
                Live(identifier=row.identifier, sent=row.sent, content=row.content)
                for row in tx.execute(query)
            ]

    def _newest(self, which: ColumnElement[bool], name: str) -> Live:
        query = select(messages.c.identifier, messages.c.sent, messages.c.content).where(which)
        with self._db.read() as tx:
            row = tx.execute(query.order_by(messages.c.number.desc()).limit(1)).one_or_none()
        if row is None:
            raise Unsaid(name)
        return Live(identifier=row.identifier, sent=row.sent, content=row.content)
