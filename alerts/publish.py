"""Keep the retained topics true: an alert that fires has its message, any other none.

Each message is made from the database's state at that moment, one at a time, so that the order of events,
repeats and new connections cannot leave an old state behind. What a broker forgot or remembers wrongly is
mended at each new connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import select

from alerts import records
from alerts.errors import Unknown
from alerts.tables import alerts, open_
from city import outbox
from city.db import Database
from city.errors import Later, Unavailable
from contracts import topics
from contracts.alerts import Alert, State, encode
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from contracts.topics import AreaTopic
from runtime.mqtt import Failure, Handler, Message

_log: Final = logging.getLogger(__name__)
_PATIENCE: Final = 5.0  # seconds for the broker's answer
_PAUSE: Final = 1.0  # seconds before a republication that broke off is tried again
_MOST_SEEN: Final = 20_000  # retained messages looked at after a connection; more wait for the next one


class Client(Protocol):
    """What the publisher needs of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, content_type: str = ""
    ) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...


class Publisher:
    """The one that writes `imm/v1/{site}/alert/{alert}`; works where the outbox's relay does."""

    def __init__(self, *, client: Client, db: Database, registry: CollectorRegistry) -> None:
        self._client = client
        self._db = db
        self._turn = asyncio.Lock()  # between reading a state and publishing it nothing else is published
        self._seen: set[AreaTopic] = set()  # topics that the broker still holds a message for
        self._anew = asyncio.Event()  # there is a new connection, or something was seen on it
        self._told = Counter(
            "imm_alerts_retained", "Retained messages written or cleared", ["action"], registry=registry
        )

    def deliverer(self) -> outbox.Deliverer:
        """Consumer for the relay."""
        self._client.subscribe(topics.every_area("alert"), self._see)
        self._client.on_connect(self._anew.set)
        return outbox.Deliverer(
            name="alerts.retained", types=("alert.*",), deliver=self.deliver, beside=self.run
        )

    async def deliver(self, event: CloudEvent) -> None:
        """Make the topic of the event's alert true. Raises Later while the broker is away."""
        try:
            await self._tell(AreaTopic.alert(str(event.data["site"]), event.subject))
        except (Failure, TimeoutError) as error:
            raise Later(f"the broker does not take it: {error}") from error

    async def run(self) -> None:
        """After each new connection make every topic true, those of alerts that are long over too."""
        self._anew.set()
        while True:
            await self._anew.wait()
            await self._client.connected.wait()
            self._anew.clear()
            try:
                await self._tell_all()
            except (Failure, TimeoutError, Unavailable) as error:
                _log.warning("retained alerts are not all true yet: %s", error)
                await asyncio.sleep(_PAUSE)
                self._anew.set()

    async def _tell_all(self) -> None:
        wanted = {AreaTopic.alert(alert.site, alert.id) for alert in await asyncio.to_thread(self._firing)}
        for topic in sorted(wanted | self._seen, key=str):
            await self._tell(topic)
            self._seen.discard(topic)

    async def _tell(self, topic: AreaTopic) -> None:
        async with self._turn, asyncio.timeout(_PATIENCE):
            alert = await asyncio.to_thread(self._get, topic.subject)
            shown = alert is not None and alert.state is State.FIRING and not alert.probe
            payload = encode(alert) if alert is not None and shown else b""
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
        if isinstance(topic, AreaTopic):
            self._seen.add(topic)
            self._anew.set()

    def _firing(self) -> list[Alert]:
        with self._db.read() as tx:
            return records.rows(tx, select(alerts).where(open_, alerts.c.state == State.FIRING))

    def _get(self, alert: str) -> Alert | None:
        with self._db.read() as tx:
            try:
                return records.get(tx, alert)
            except Unknown:
                return None
