"""What TANGI tells the world of an incident."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from programmes.tangi.model import Incident
from runtime.ids import Factory

OPENED: Final = "incident.opened"
UPDATED: Final = "incident.updated"
CLOSED: Final = "incident.closed"


class Voice:
    """Tells what happened to an incident, in the transaction in which it happens."""

    def __init__(self, *, ids: Factory) -> None:
        self._ids = ids

    def tell(self, tx: Connection, kind: str, incident: Incident) -> None:
        """Append one event to the outbox."""
        event = outbox.event(
            kind,
            id=self._ids(),
            source="/tangi",
            subject=incident.number,
            time=incident.updated,
            data=msgspec.to_builtins(incident),
        )
        outbox.append(tx, event)
