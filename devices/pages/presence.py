"""The card on whether a device is there: how that is known, what would clear it, and planned work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city.db import Database
from city.identity.caller import Caller
from devices.pages.sections import Section
from devices.pages.standing import Line, unheard
from devices.presence import records
from devices.presence.tables import presence
from devices.registry import Device, State
from devices.roles import MAINTAIN, READ
from runtime.clock import Clock


def section(db: Database, clock: Clock) -> Section:
    """The card, above all others."""

    def load(caller: Caller, device: Device) -> Mapping[str, Any] | None:
        if device.state is not State.ENROLLED:
            return None
        with db.read() as tx:
            found = records.some(tx, presence.c.device == device.device)
        now = clock.now()
        line = Line(device=device, presence=found[0] if found else unheard(device))
        windows = device.maintenance
        return {
            "presence": line.presence,
            "standing": line.standing(now),
            "flaps": line.flaps(now),
            "running": next((one for one in windows if one.start <= now < one.end), None),
            "planned": next((one for one in windows if one.start > now), None),
            "plans": device.revision > 0 and caller.may(MAINTAIN, unit=device.unit),
        }

    return Section(template="devices/presence.html", needs=READ, load=load, order=10)
