"""The analytics process: what ingest accepts is judged, judgements wait in a spool until alerts has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from analytics.jobs.files import Files
from analytics.jobs.live import Live
from app.parts import Parts
from contracts import feed, topics
from contracts.errors import Refused
from contracts.feed import Accepted
from devices.presence.reader import Away
from ingest.feed import CHANNEL
from runtime.mqtt import Message
from runtime.spool import Spool
from runtime.uplink import Uplink


async def start(parts: Parts, *, remote: bool) -> Callable[[Accepted], None]:
    """Start the live job; return where to hand what ingest accepts. `remote`: it comes over the broker."""
    settings = parts.settings.analytics
    client = await parts.client("analytics")
    parts.follow_roster()
    spool = parts.enter(Spool(parts.settings.data / f"{settings.producer}.spool", clock=parts.clock))
    uplink = Uplink(spool, client, clock=parts.clock, registry=parts.registry)
    away = Away(parts.db)
    files = Files(settings.rules)
    live = Live(
        reader=parts.store.engine,
        rules=files.load(),
        roster=parts.roster,
        spool=spool,
        clock=parts.clock,
        state=parts.store.state,
        registry=parts.registry,
        settings=settings,
        away=away,
        files=files,
    )
    if remote:
        client.subscribe(topics.every_worker(CHANNEL), _heard(live.feed), qos=0)
    parts.service.start("who is away", away.run())
    parts.service.start("judgement uplink", uplink.run())
    parts.service.start("analytics", live.run())
    parts.service.start("analytics health", _watch(parts, live, files))
    return live.feed


def _heard(take: Callable[[Accepted], None]) -> Callable[[Message], None]:
    def handle(message: Message) -> None:
        message.ack()
        try:
            accepted = feed.decode(message.payload)
        except Refused:
            return  # the hole in `seq` sends the reader to the store
        take(accepted)

    return handle


async def _watch(parts: Parts, live: Live, files: Files) -> None:
    while True:
        ok, reason = live.health
        parts.service.health.set("analytics", ok=ok, reason=reason)
        parts.service.health.set("rules", ok=not files.trouble, reason=files.trouble)
        await asyncio.sleep(1)
