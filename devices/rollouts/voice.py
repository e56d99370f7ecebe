"""What is told of rollouts: events for everyone who hears, entries for the audit trail."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from city.audit import Entry, Trail
from city.identity.caller import Caller
from devices.rollouts import records
from devices.rollouts.model import STAGES, Rollout
from runtime.ids import Factory

STARTED: Final = "rollout.started"
CHANGED: Final = "rollout.changed"
ENDED: Final = "rollout.ended"
ALL: Final = "rollout.*"
ASKED: Final = "imm_devices_rollouts"  # bell: somebody has decided something
_KIND: Final = "devices.rollout"


class Voice:
    """Tells in the transaction of the change."""

    def __init__(self, trail: Trail, *, ids: Factory) -> None:
        self._trail = trail
        self._ids = ids

    def tell(self, tx: Connection, rollout: Rollout, *, kind: str = "") -> None:
        """Append one event, with how many devices stand where."""
        data: dict[str, Any] = msgspec.to_builtins(rollout)
        data |= {"stage": STAGES[rollout.stage], "counts": records.counts(tx, rollout.id)}
        event = outbox.event(
            kind or (ENDED if rollout.over else CHANGED),
            id=self._ids(),
            source="/devices/rollouts",
            subject=rollout.id,
            time=rollout.changed,
            data=data,
        )
        outbox.append(tx, event)

    def note(self, tx: Connection, rollout: Rollout, by: Caller, action: str, why: str) -> None:
        """Note who did it."""
        fields = tuple(sorted(rollout.patch))
        self._trail.note(
            tx, Entry(by=by.id, action=action, kind=_KIND, record=rollout.id, fields=fields, why=why)
        )
