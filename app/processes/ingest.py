"""The ingest process: from the shared subscription to receipts, and the store's upkeep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from app.parts import Parts
from contracts.feed import Accepted
from contracts.instants import SECOND
from ingest.feed import Broadcast
from ingest.worker import Worker
from runtime import mqtt
from store import errors

_log: Final = logging.getLogger(__name__)


async def start(parts: Parts, feed: Callable[[Accepted], None] | None = None) -> None:
    """Start a worker. `feed`: who hears in this process what was stored; if None it goes over the broker."""
    client = await parts.client("ingest")
    parts.follow_roster()
    if feed is None:
        broadcast = Broadcast(client, parts.settings.worker, lost=mqtt.Failure)
        parts.service.start("feed", broadcast.run())
        feed = broadcast.put
    worker = Worker(
        name=parts.settings.worker,
        client=client,
        sink=parts.store.sink,
        frames=parts.store.frames,
        roster=parts.roster,
        feed=feed,
        clock=parts.clock,
        settings=parts.settings.ingest,
        registry=parts.registry,
        mappings=parts.mappings,
    )
    parts.service.start("ingest", _work(parts, worker), drains=True)
    parts.service.start("ingest health", _watch(parts, worker, client))
    parts.service.start("upkeep", _upkeep(parts))


async def _work(parts: Parts, worker: Worker) -> None:
    async def stop() -> None:
        await parts.service.stopping.wait()
        worker.stop()

    ending = asyncio.create_task(stop())
    try:
        await worker.run()
    finally:
        ending.cancel()


async def _watch(parts: Parts, worker: Worker, client: mqtt.Client) -> None:
    while True:
        parts.service.health.set("ingest", ok=not worker.trouble, reason=worker.trouble)
        if client.connected.is_set():
            worker.beat()
        await asyncio.sleep(1)


async def _upkeep(parts: Parts) -> None:
    """Roll-ups, retention and sorting, each minute by default."""
    while True:
        await asyncio.sleep(parts.settings.store.upkeep / SECOND)
        try:
            report = await asyncio.to_thread(parts.store.upkeep)
            parts.service.health.set(
                "upkeep", ok=report.due == report.gone, reason=f"{report.gone} of {report.due} rows went"
            )
        except errors.Failure as error:
            _log.warning("upkeep waits for the next round: %s", error)
            parts.service.health.set("upkeep", ok=False, reason=str(error))
