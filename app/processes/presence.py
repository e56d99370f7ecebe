"""Presence in the desk process, where the relay is: it has a connection and a spool of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from app.parts import Parts
from city.db import Lease
from city.outbox.consumers import Beside
from contracts import feed, topics
from contracts.errors import Refused
from contracts.feed import Accepted
from devices.presence.figures import Figures
from devices.presence.watch import Watch
from ingest.feed import CHANNEL
from runtime import mqtt
from runtime.mqtt import Message
from runtime.spool import Spool
from runtime.uplink import Uplink


class Presence:
    """Hands on to the watch, while there is one, what ingest accepts here or tells over the broker."""

    def __init__(self, parts: Parts, *, remote: bool) -> None:
        """`remote`: ingest is another process."""
        self._parts = parts
        self._remote = remote
        self._figures = Figures(parts.registry)
        self._watch: Watch | None = None

    def beside(self) -> Beside:
        """For the relay."""
        return Beside(name="presence", run=self._lead)

    def feed(self, accepted: Accepted) -> None:
        """Take what ingest accepted; called in the loop's thread."""
        if self._watch is not None:
            self._watch.feed(accepted)

    async def _lead(self, lease: Lease) -> None:
        parts = self._parts
        settings = parts.settings.presence
        client = mqtt.Client(
            parts.settings.mqtt, client_id=f"imm-presence-{parts.settings.worker}", clock=parts.clock
        )
        with Spool(parts.settings.data / f"{settings.producer}.spool", clock=parts.clock) as spool:
            self._watch = watch = Watch(
                client=client,
                db=parts.db,
                roster=parts.roster,
                spool=spool,
                clock=parts.clock,
                settings=settings,
                figures=self._figures,
            )
            if self._remote:
                client.subscribe(topics.every_worker(CHANNEL), _heard(watch.feed), qos=0)
            uplink = Uplink(spool, client, clock=parts.clock, registry=CollectorRegistry())
            try:
                async with client, asyncio.TaskGroup() as tasks:
                    tasks.create_task(uplink.run(), name="presence uplink")
                    tasks.create_task(self._health(watch), name="presence health")
                    tasks.create_task(watch.run(lease), name="presence watch")
            finally:
                self._watch = None

    async def _health(self, watch: Watch) -> None:
        while True:
            self._parts.service.health.set("presence", ok=not watch.trouble, reason=watch.trouble)
            await asyncio.sleep(1)


def _heard(take: Callable[[Accepted], None]) -> Callable[[Message], None]:
    def handle(message: Message) -> None:
        message.ack()
        try:
            accepted = feed.decode(message.payload)
        except Refused:
            return  # a word that is missed: the next one comes soon
        take(accepted)

    return handle
