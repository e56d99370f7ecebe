"""The broker's accounts, kept by the desk process: devices that are let in, and what each of them may."""

from __future__ import annotations

import asyncio

from app.parts import Parts, roster
from devices.broker.control import Control
from devices.broker.dynsec import Dynsec
from devices.broker.keeper import Keeper
from devices.broker.rosters import Mapped
from devices.enrolment.wanted import OfRegistry


async def start(parts: Parts) -> None:
    """Start to keep them, where the broker has accounts (`broker.access`)."""
    if parts.settings.broker.access == "open":
        return
    client = await parts.client("accounts")
    wanted = OfRegistry(parts.db, parts.fleet.accounts, roster(parts.settings))
    gate = Dynsec(
        Control(client, new_id=parts.ids),
        Mapped(wanted, parts.mappings.written_by),
        mapped=parts.mappings.filters,
    )
    keeper = Keeper(gate, client)
    parts.roster.on_change(keeper.touch)
    parts.follow_roster()
    parts.service.start("accounts of the broker", keeper.run())
    parts.service.start("health of the broker's accounts", _watch(parts, keeper))


async def _watch(parts: Parts, keeper: Keeper) -> None:
    while True:
        parts.service.health.set("accounts", ok=not keeper.trouble, reason=keeper.trouble)
        await asyncio.sleep(1)
