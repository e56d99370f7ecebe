"""The broker's accounts, kept by the desk process: devices that are let in, and what each of them may."""

from __future__ import annotations

import asyncio

from app.parts import Parts
from devices.broker.control import Control
from devices.broker.dynsec import Dynsec
from devices.broker.keeper import Keeper
from devices.broker.port import Wanted
from devices.broker.rosters import Mapped


async def start(parts: Parts, wanted: Wanted) -> Keeper | None:
    """Start to keep them; None where the broker stands open (`broker.access`)."""
    if parts.settings.broker.access == "open":
        return None
    client = await parts.client("accounts")
    gate = Dynsec(
        Control(client, new_id=parts.ids),
        Mapped(wanted, parts.mappings.written_by),
        mapped=parts.mappings.filters,
    )
    keeper = Keeper(gate, client)
    parts.service.start("accounts of the broker", keeper.run())
    parts.service.start("health of the broker's accounts", _watch(parts, keeper))
    return keeper


async def _watch(parts: Parts, keeper: Keeper) -> None:
    while True:
        parts.service.health.set("accounts", ok=not keeper.trouble, reason=keeper.trouble)
        await asyncio.sleep(1)
