"""Keep the retained topics of an area true: each has the message that the database's state gives it, or none.

Each message is made from the state at that moment, one at a time, so that the order of events, repeats and
new connections cannot leave an old state behind. What a broker forgot or remembers wrongly is mended at each
new connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec
from prometheus_client import Counter
from sqlalchemy import Connection

from city.db import Database
from city.errors import Later, Unavailable
from city.outbox.consumers import Deliverer
from contracts import topics
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from contracts.topics import AreaTopic
from runtime.mqtt import Failure, Handler, Message

_log: Final = logging.getLogger(__name__)
_PATIENCE: Final = 5.0  # seconds for the broker's answer
_PAUSE: Final = 1.0  # seconds before a republication that broke off is tried again


class Client(Protocol):
    """What is needed of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, content_type: str = ""
    ) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """What the topics of one area say."""

    name: str  # `alert`: imm/v1/{site}/alert/…
    consumer: str  # name of the outbox's cursor: never change it
    types: tuple[str, ...]  # events that change what a topic says
    concerns: Callable[[CloudEvent], Iterable[AreaTopic]]  # topics that such an event may have changed
    shown: Callable[[Connection], Iterable[AreaTopic]]  # all topics that have a message
    says: Callable[[Connection, AreaTopic], bytes]  # JSON of one topic; empty where it has no message
    most_seen: int  # retained messages looked at after a connection; more wait for the next one


class Retained:
    """The one that writes an area's topics; works where the outbox's relay does."""

    def __init__(self, area: Area, *, client: Client, db: Database, told: Counter) -> None:
        """`told` counts messages by action: written, cleared."""
        self._area = area
        self._client = client
        self._db = db
        self._told = told
        self._turn = asyncio.Lock()  # between reading a state and publishing it nothing else is published
        self._seen: set[AreaTopic] = set()  # topics that the broker still holds a message for
        self._anew = asyncio.Event()  # there is a new connection, or something was seen on it

    def deliverer(self) -> Deliverer:
        """Consumer for the relay."""
        self._client.subscribe(topics.every_area(self._area.name), self._see)
        self._client.on_connect(self._anew.set)
        return Deliverer(
            name=self._area.consumer, types=self._area.types, deliver=self.deliver, beside=self.run
        )

    async def deliver(self, event: CloudEvent) -> None:
        """Make the topics that the event concerns true. Raises Later while the broker is away."""
        try:
            for topic in self._area.concerns(event):
                await self._tell(topic)
        except (Failure, TimeoutError) as error:
            raise Later(f"the broker does not take it: {error}") from error

    async def run(self) -> None:
        """After each new connection make every topic true, those that should be empty by now too."""
        self._anew.set()
        while True:
            await self._anew.wait()
            await self._client.connected.wait()
            self._anew.clear()
            try:
                await self._tell_all()
            except (Failure, TimeoutError, Unavailable) as error:
                _log.warning("retained messages of %s are not all true yet: %s", self._area.name, error)
                await asyncio.sleep(_PAUSE)
                self._anew.set()

    async def _tell_all(self) -> None:
        wanted = await asyncio.to_thread(self._shown)
        for topic in sorted(wanted | self._seen, key=str):
            await self._tell(topic)
            self._seen.discard(topic)

    async def _tell(self, topic: AreaTopic) -> None:
        async with self._turn, asyncio.timeout(_PATIENCE):
            payload = await asyncio.to_thread(self._says, topic)
            await self._client.publish(
                str(topic), payload, qos=1, retain=True, content_type="application/json" if payload else ""
            )
            self._told.labels("written" if payload else "cleared").inc()

    def _see(self, message: Message) -> None:
        """What the broker had kept when we subscribed; our own messages come without the flag."""
        message.ack()
        if not message.retain or not message.payload or len(self._seen) >= self._area.most_seen:
            return
        try:
            topic = topics.parse(message.topic)
        except Refused:
            return  # not one of ours to clear
        if isinstance(topic, AreaTopic) and topic.area == self._area.name:
            self._seen.add(topic)
            self._anew.set()

    def _shown(self) -> set[AreaTopic]:
        with self._db.read() as tx:
            return set(self._area.shown(tx))

    def _says(self, topic: AreaTopic) -> bytes:
        with self._db.read() as tx:
            return self._area.says(tx, topic)
