"""Whom TANGI tells of what: asked for in the transaction of the change, so that neither stays alone."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from city.identity.holders import Holders
from city.notifications import Notice, Notices
from city.schedule.opaque import Value
from programmes.tangi import records
from programmes.tangi.model import Incident, Priority
from programmes.tangi.roles import LEAD, WORK


class Teller:
    """Asks for notices. Their words stand in `notices/tangi.toml`; they hold no words of people."""

    def __init__(self, notices: Notices, holders: Holders) -> None:
        self._notices = notices
        self._holders = holders

    def opened(self, tx: Connection, of: Incident) -> None:
        """Tell those who have the unit's incidents in hand."""
        self._ask(tx, "opened", of, self._desk(tx, of), key="opened", data=self._case(of) | _due(of))

    def risen(self, tx: Connection, of: Incident) -> None:
        """Tell them again: it has become more urgent."""
        to = [of.assignee] if of.assignee else self._desk(tx, of)
        self._ask(tx, "risen", of, to, key=f"risen/{of.priority}", data=self._case(of) | _due(of))

    def assigned(self, tx: Connection, of: Incident, *, by: str) -> None:
        """Tell whoever is to act, unless he took it himself."""
        if of.assignee and of.assignee != by:
            self._ask(tx, "assigned", of, [of.assignee], key=f"assigned/{of.revision}", data=self._case(of))

    def due_soon(self, tx: Connection, of: Incident) -> None:
        """Remind whoever should have it in hand soon."""
        to = [of.assignee] if of.assignee else self._desk(tx, of)
        self._ask(tx, "due", of, to, key=f"due/{of.due}", data=self._case(of) | _due(of))

    def overdue(self, tx: Connection, of: Incident) -> None:
        """Tell those who answer for the desk, and whoever should have acted."""
        leads = [one.id for one in self._holders.of(tx, LEAD, of.unit)]
        to = [*leads, *([of.assignee] if of.assignee else [] if leads else self._desk(tx, of))]
        self._ask(tx, "overdue", of, to, key="overdue", data=self._case(of) | _due(of))

    def closed(self, tx: Connection, of: Incident, *, by: str) -> None:
        """Tell everyone who had a hand in it, but not whoever closed it."""
        to = {*records.actors(tx, of), of.assignee} - {by, ""}
        self._ask(tx, "closed", of, sorted(to), key="closed", data={"number": of.number})

    def _ask(
        self,
        tx: Connection,
        what: str,
        of: Incident,
        to: Iterable[str],
        *,
        key: str,
        data: dict[str, Value],
    ) -> None:
        for person in dict.fromkeys(to):
            notice = Notice(
                template=f"tangi.incident-{what}",
                person=person,
                data=data,
                key=f"{of.id}/{key}",
                urgent=True if of.priority == Priority.P1 else None,
            )
            self._notices.ask(tx, notice)

    def _desk(self, tx: Connection, of: Incident) -> list[str]:
        return [one.id for one in self._holders.of(tx, WORK, of.unit)]

    def _case(self, of: Incident) -> dict[str, Value]:
        return {"number": of.number, "priority": of.priority.value, "site": of.site}


def _due(of: Incident) -> dict[str, Value]:
    return {"due": of.due or of.updated}
