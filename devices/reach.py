"""Which devices there are for somebody: the roster says which exist, the registry whose they are."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, select

from city.identity.caller import Caller
from contracts.roster import Entry, Reader
from devices.errors import Forbidden, Unknown
from devices.registry.tables import devices


class Reach:
    """Asked within the transaction of what somebody does. A device of the roster file belongs to no unit."""

    def __init__(self, roster: Reader) -> None:
        self.roster = roster

    def one(self, tx: Connection, by: Caller, permission: str, device: str) -> Entry:
        """A device for which the caller holds a permission. Raises Unknown, Forbidden."""
        entry = self.roster.get(device)
        if entry is None:
            raise Unknown(device)
        unit = self.units(tx, [device]).get(device, "")
        if not by.may(permission, unit=unit):
            raise Forbidden(permission, unit)
        return entry

    def some(
        self, tx: Connection, by: Caller, permission: str, entries: Iterable[Entry]
    ) -> tuple[list[Entry], list[str]]:
        """Those for which the caller holds a permission, and the ids of the others."""
        mine = by.units(permission)
        found = list(entries)
        if mine is None:
            return found, []
        units = self.units(tx, [entry.device for entry in found])
        allowed = [entry for entry in found if units.get(entry.device, "") in mine]
        names = {entry.device for entry in allowed}
        return allowed, [entry.device for entry in found if entry.device not in names]

    def units(self, tx: Connection, ids: list[str]) -> dict[str, str]:
        """Device → its unit, of those that the registry knows."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), _CHUNK):
            chosen = devices.c.device.in_(ids[start : start + _CHUNK])
            rows = tx.execute(select(devices.c.device, devices.c.unit).where(chosen))
            found.update({row.device: row.unit for row in rows})
        return found


_CHUNK = 500  # ids asked for at once


def mine(by: Caller, permission: str, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Conditions by which a query shows only what is about the caller's devices."""
    units = by.units(permission)
    if units is None:
        return []
    return [column.in_(select(devices.c.device).where(devices.c.unit.in_(sorted(units))))]
