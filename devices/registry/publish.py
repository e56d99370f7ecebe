"""Keep the retained roster true: a device whose word counts has its message, any other none.

Each message is made from the state at that moment, one at a time, so that the order of events, repeats and
new connections cannot leave an old state behind. What a broker forgot or remembers wrongly is mended at each
new connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter

from city import outbox
from city.db import Database
from city.errors import Later, Unavailable
from contracts import topics
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from contracts.roster import Entry, Reader, encode
from contracts.topics import AreaTopic
from devices.registry import records
from devices.registry.model import State
from devices.registry.voice import ALL
from runtime.mqtt import Failure, Handler, Message

_log: Final = logging.getLogger(__name__)
_AREA: Final = "roster"
_PATIENCE: Final = 5.0  # seconds for the broker's answer
_PAUSE: Final = 1.0  # seconds before a republication that broke off is tried again
_MOST_SEEN: Final = 50_000  # retained messages looked at after a connection; more wait for the next one


class Client(Protocol):
    """What the publisher needs of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, content_type: str = ""
    ) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...


class Publisher:
    """The one that writes `imm/v1/{site}/roster/{device}`; works where the outbox's relay does."""

    def __init__(self, *, client: Client, db: Database, beside: Reader, registry: CollectorRegistry) -> None:
        """`beside`: devices of which the registry may say nothing."""
        self._client = client
        self._db = db
        self._beside = beside
        self._turn = asyncio.Lock()  # between reading a state and publishing it nothing else is published
        self._seen: set[AreaTopic] = set()  # topics that the broker still holds a message for
        self._anew = asyncio.Event()  # there is a new connection, or something was seen on it
        self._told = Counter(
            "imm_devices_retained", "Roster messages written or cleared", ["action"], registry=registry
        )

    def deliverer(self) -> outbox.Deliverer:
        """Consumer for the relay."""
        self._client.subscribe(topics.every_area(_AREA), self._see)
        self._client.on_connect(self._anew.set)
        return outbox.Deliverer(name="devices.roster", types=(ALL,), deliver=self.deliver, beside=self.run)

    async def deliver(self, event: CloudEvent) -> None:
        """Make the topic of the event's device true, and that of where it was. Raises Later."""
        try:
            for field in ("was_site", "site"):
                if site := event.data.get(field):
                    await self._tell(AreaTopic.roster(str(site), event.subject))
        except (Failure, TimeoutError) as error:
            raise Later(f"the broker does not take it: {error}") from error

    async def run(self) -> None:
        """After each new connection make every topic true, those of devices that are gone too."""
        self._anew.set()
        while True:
            await self._anew.wait()
            await self._client.connected.wait()
            self._anew.clear()
            try:
                await self._tell_all()
            except (Failure, TimeoutError, Unavailable) as error:
                _log.warning("the retained roster is not all true yet: %s", error)
                await asyncio.sleep(_PAUSE)
                self._anew.set()

    async def _tell_all(self) -> None:
        wanted = set(await asyncio.to_thread(self._known))
        for topic in sorted(wanted | self._seen, key=str):
            await self._tell(topic)
            self._seen.discard(topic)

    async def _tell(self, topic: AreaTopic) -> None:
        async with self._turn, asyncio.timeout(_PATIENCE):
            entry = await asyncio.to_thread(self._get, topic.subject)
            shown = entry is not None and entry.site == topic.site
            payload = encode(entry) if entry is not None and shown else b""
            await self._client.publish(
                str(topic), payload, qos=1, retain=True, content_type="application/json" if shown else ""
            )
            self._told.labels("written" if shown else "cleared").inc()

    def _see(self, message: Message) -> None:
        """What the broker had kept when we subscribed; our own messages come without the flag."""
        message.ack()
        if not message.retain or not message.payload or len(self._seen) >= _MOST_SEEN:
            return
        try:
            topic = topics.parse(message.topic)
        except Refused:
            return  # not one of ours to clear
        if isinstance(topic, AreaTopic) and topic.area == _AREA:
            self._seen.add(topic)
            self._anew.set()

    def _known(self) -> list[AreaTopic]:
        with self._db.read() as tx:
            found = records.some(tx)
        of_registry = {one.device for one in found}
        entries = [one.entry() for one in found if one.state is State.ENROLLED]
        entries += [entry for entry in self._beside.list() if entry.device not in of_registry]
        return [AreaTopic.roster(entry.site, entry.device) for entry in entries]

    def _get(self, device: str) -> Entry | None:
        with self._db.read() as tx:
            found = records.find(tx, device)
        if found is None:
            return next((entry for entry in self._beside.list() if entry.device == device), None)
        return found.entry() if found.state is State.ENROLLED else None
