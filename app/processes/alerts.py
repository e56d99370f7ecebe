"""The alerts process: judgements become alerts, durably, and are receipted."""

from __future__ import annotations

import asyncio
from typing import Final

from alerts.intake import Intake
from app import alerting
from app.parts import Parts

AWAY: Final = 3600  # seconds for which the broker keeps judgements while we are away


async def start(parts: Parts) -> None:
    """Start the intake. Judgements made while it was away come first: in order none of them is late."""
    intake = Intake(
        client=await parts.client("alerts", session_expiry=AWAY),
        db=parts.db,
        clock=parts.clock,
        ids=parts.ids,
        registry=parts.registry,
        means=alerting.means(parts),
    )
    parts.follow_roster()
    parts.service.start("alerts", intake.run())
    parts.service.start("alerts health", _watch(parts, intake))


async def _watch(parts: Parts, intake: Intake) -> None:
    while True:
        parts.service.health.set("alerts", ok=not intake.trouble, reason=intake.trouble)
        await asyncio.sleep(1)
