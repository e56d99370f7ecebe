"""The alerts process: judgements become alerts, durably, and are receipted."""

from __future__ import annotations

import asyncio

from alerts.intake import Intake
from app.parts import Parts


async def start(parts: Parts) -> None:
    """Start the intake."""
    intake = Intake(
        client=await parts.client("alerts"),
        db=parts.db,
        clock=parts.clock,
        ids=parts.ids,
        registry=parts.registry,
        settings=parts.settings.alerts,
    )
    parts.service.start("alerts", intake.run())
    parts.service.start("alerts health", _watch(parts, intake))


async def _watch(parts: Parts, intake: Intake) -> None:
    while True:
        parts.service.health.set("alerts", ok=not intake.trouble, reason=intake.trouble)
        await asyncio.sleep(1)
