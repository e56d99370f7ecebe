"""The watch over the path from device to desk, in each process that has the desk."""

from __future__ import annotations

import asyncio

from alerts.watch.watcher import Watcher
from app.parts import Parts
from city.identity.holders import Holders
from programmes.tangi import probes


async def start(parts: Parts) -> None:
    """Watch, where the settings want it; the state is part of the health."""
    settings = parts.settings.watch
    if not settings.silence:
        return
    watcher = Watcher(
        parts.db,
        probes.newest,
        notices=parts.notifications.notices,
        holders=Holders(parts.identity.catalogue, clock=parts.clock),
        clock=parts.clock,
        settings=settings,
        registry=parts.registry,
    )
    parts.service.start("watch", watcher.run())
    parts.service.start("health of the path", _watch(parts, watcher))


async def _watch(parts: Parts, watcher: Watcher) -> None:
    while True:
        parts.service.health.set("probes", ok=not watcher.trouble, reason=watcher.trouble)
        await asyncio.sleep(1)
