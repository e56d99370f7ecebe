"""What is told of commands: events for everyone who hears, entries for the audit trail."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from city.audit import Entry, Trail
from city.identity.caller import Caller
from devices.commands.model import Record
from runtime.ids import Factory

ISSUED: Final = "command.issued"
CHANGED: Final = "command.changed"
ENDED: Final = "command.ended"
ASKED: Final = "imm_devices_commands"  # bell: there is something to send
STEP: Final = 10  # per cent of progress from which it is told
_KIND: Final = "devices.command"
_UNTOLD: Final = ("value", "arguments", "deadline", "asked", "number")


class Voice:
    """Tells in the transaction of the change."""

    def __init__(self, trail: Trail, *, ids: Factory) -> None:
        self._trail = trail
        self._ids = ids

    def tell(self, tx: Connection, kind: str, record: Record, *, unit: str = "") -> None:
        """Append one event. What a command gave is read where its permission is asked, so it is not told."""
        data: dict[str, Any] = msgspec.to_builtins(record)
        for name in _UNTOLD:
            data.pop(name, None)
        event = outbox.event(
            kind, id=self._ids(), source="/devices/commands", subject=record.id, time=record.since, data=data
        )
        outbox.append(tx, event)
        if kind == ISSUED:
            self._trail.note(
                tx,
                Entry(
                    by=record.by,
                    action="issued",
                    kind=_KIND,
                    record=record.id,
                    fields=(record.type.value, record.device),
                    why=record.why,
                    unit=unit,
                ),
            )

    def taken_back(self, tx: Connection, record: Record, by: Caller, why: str, *, unit: str) -> None:
        """Note who did it."""
        self._trail.note(
            tx,
            Entry(
                by=by.id,
                action="withdrawn",
                kind=_KIND,
                record=record.id,
                fields=(record.type.value, record.device),
                why=why,
                unit=unit,
            ),
        )

    def changed(self, tx: Connection, old: Record, new: Record) -> None:
        """Tell what matters of a change: another state, or a good step forward."""
        if new.over and not (old.over and old.state == new.state):
            self.tell(tx, ENDED, new)
        elif new.state != old.state or new.progress // STEP > old.progress // STEP:
            self.tell(tx, CHANGED, new)
