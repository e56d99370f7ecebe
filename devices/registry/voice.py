"""What is told of devices: events for everyone who hears, entries for the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from city.audit import Entry, Trail
from city.identity.caller import Caller
from city.search import Index
from devices.registry import findable
from devices.registry.model import Device
from runtime.ids import Factory

PLANNED: Final = "device.planned"
ENROLLED: Final = "device.enrolled"
CHANGED: Final = "device.changed"
DISABLED: Final = "device.disabled"
ENABLED: Final = "device.enabled"
RETIRED: Final = "device.retired"
ALL: Final = "device.*"
KIND: Final = "devices.device"  # of the records in the trail


class Voice:
    """Tells in the transaction of the change."""

    def __init__(self, trail: Trail, *, ids: Factory, index: Index | None = None) -> None:
        """`index`: where devices can be found."""
        self._trail = trail
        self._ids = ids
        self._index = index

    def tell(
        self,
        tx: Connection,
        event: str,
        device: Device,
        by: Caller,
        *,
        fields: Sequence[str] = (),
        why: str = "",
        before: Device | None = None,
        action: str = "",
    ) -> None:
        """Append the event and note who did it; `before`: the device as it was, where it moved.

        The event holds no personal data: contacts lie in the vault. `action`: as the trail calls it, where
        the event says less.
        """
        data: dict[str, Any] = msgspec.to_builtins(device)
        if before is not None and before.site != device.site:
            data["was_site"] = before.site
        outbox.append(
            tx,
            outbox.event(
                event,
                id=self._ids(),
                source="/devices",
                subject=device.device,
                time=device.updated,
                data=data,
            ),
        )
        if self._index is not None:
            self._index.put(tx, findable.DEVICE, findable.document(device))
        self.note(tx, action or event.rpartition(".")[2], device, by, fields=fields, why=why)

    def note(
        self,
        tx: Connection,
        action: str,
        device: Device,
        by: Caller,
        *,
        fields: Sequence[str] = (),
        why: str = "",
    ) -> None:
        """Note in the trail what changes nothing that others hear of."""
        entry = Entry(
            by=by.id,
            action=action,
            kind=KIND,
            record=device.device,
            fields=tuple(fields),
            why=why,
            unit=device.unit,
        )
        self._trail.note(tx, entry)
