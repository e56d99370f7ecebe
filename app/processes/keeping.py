"""What the city keeps going by itself, in the desk process: clocks, seals of the audit trail, retention."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from app.assembly import Assembly
from app.parts import Parts
from city.audit import Sealer
from city.audit.seals import MARK
from city.privacy import Sweeper
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
    sealer = Sealer(
        parts.db,
        parts.clock,
        settings=parts.settings.audit,
        sign=partial(parts.vault.keys.mac, MARK),
        registry=parts.registry,
    )
    parts.service.start("audit seals", sealer.run())
    sweeper = Sweeper(
        parts.db,
        parts.clock,
        assembly.retention,
        trail=parts.audit,
        keep=parts.settings.privacy.keep,
        every=parts.settings.privacy.sweep,
        registry=parts.registry,
    )
    parts.service.start("retention", sweeper.run())
    parts.service.start("files nobody refers to", parts.papers.sweep.run())
    parts.service.start("what is over of identities", parts.identity.keeper.run())
    parts.service.start("idempotency keys", parts.idempotency.run())
    parts.service.start("health of what keeps going", _watch(parts, {"clocks": runner, "audit": sealer}))


async def _watch(parts: Parts, watched: Mapping[str, Runner | Sealer]) -> None:
    while True:
        for name, one in watched.items():
            parts.service.health.set(name, ok=not one.trouble, reason=one.trouble)
        await asyncio.sleep(1)
