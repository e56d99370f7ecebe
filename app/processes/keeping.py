"""What the city keeps going by itself, in the desk process: clocks fire."""

from __future__ import annotations

import asyncio

from app.assembly import Assembly
from app.parts import Parts
from city.schedule import Runner


async def start(parts: Parts, assembly: Assembly) -> None:
    """Start it; several processes may do this at once."""
    runner = Runner(
        parts.db,
        parts.clocks,
        assembly.clocks,
        time=parts.clock,
        registry=parts.registry,
        settings=parts.settings.schedule,
    )
    parts.service.start("clocks", runner.run())
    parts.service.start("clocks health", _watch(parts, runner))


async def _watch(parts: Parts, runner: Runner) -> None:
    while True:
        parts.service.health.set("clocks", ok=not runner.trouble, reason=runner.trouble)
        await asyncio.sleep(1)
