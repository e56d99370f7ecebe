"""The ingest process: from the shared subscriptions to receipts, and the store's upkeep.

Two workers, one for alarms alone, each on a connection of its own: a flood of measurements that fills one
lane leaves the other free.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from app.parts import Parts
from contracts.feed import Accepted
from contracts.instants import SECOND
from contracts.topics import Channel
from ingest.feed import Broadcast
from ingest.metrics import Metrics
from ingest.route import REST, URGENT
from ingest.worker import Worker
from runtime import mqtt
from store import errors

_log: Final = logging.getLogger(__name__)
ALARMS: Final = "alarms"  # ends the names of what belongs to their lane


async def start(parts: Parts, feed: Callable[[Accepted], None] | None = None) -> None:
    """Start the workers. `feed`: who hears here what was stored; if None it goes over the broker."""
    metrics = Metrics(parts.registry)
    parts.follow_roster()
    lane = partial(_lane, parts, feed)
    await lane("ingest", parts.settings.worker, REST, metrics)
    alarms = f"{parts.settings.worker}-{ALARMS}"
    await lane(f"ingest-{ALARMS}", alarms, URGENT, metrics.beside(ALARMS))
    parts.service.start("upkeep", _upkeep(parts))


async def _lane(
    parts: Parts,
    feed: Callable[[Accepted], None] | None,
    role: str,
    name: str,
    channels: Sequence[Channel],
    metrics: Metrics,
) -> None:
    client = await parts.client(role)
    if feed is None:
        broadcast = Broadcast(client, name, lost=mqtt.Failure)
        parts.service.start(f"feed of {role}", broadcast.run())
        feed = broadcast.put
    worker = Worker(
        name=name,
        client=client,
        sink=parts.store.sink,
        frames=parts.store.frames,
        roster=parts.roster,
        feed=feed,
        clock=parts.clock,
        settings=parts.settings.ingest,
        registry=parts.registry,
        mappings=parts.mappings if channels == REST else None,
        channels=channels,
        metrics=metrics,
    )
    parts.service.start(role, _work(parts, worker), drains=True)
    parts.service.start(f"{role} health", _watch(parts, role, worker, client))


async def _work(parts: Parts, worker: Worker) -> None:
    async def stop() -> None:
        await parts.service.stopping.wait()
        worker.stop()

    ending = asyncio.create_task(stop())
    try:
        await worker.run()
    finally:
        ending.cancel()


async def _watch(parts: Parts, role: str, worker: Worker, client: mqtt.Client) -> None:
    while True:
        parts.service.health.set(role, ok=not worker.trouble, reason=worker.trouble)
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
