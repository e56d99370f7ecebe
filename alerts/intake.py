"""Take judgements from the broker: check → write with their events → acknowledge → receipt.

While one batch is written the next gathers: a lone judgement waits for nobody, a flood shares its writes.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from typing import Final, Protocol

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import DBAPIError

from alerts import check, sweep
from alerts.check import Good
from alerts.commit import Bad, Parcel, commit
from alerts.means import BARE, Means
from alerts.metrics import Metrics
from alerts.receipts import Receipts
from alerts.settings import Settings
from city.db import Database
from city.errors import Unavailable
from contracts import topics
from contracts.batches import Sequence
from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.topics import AreaTopic
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.logs import clean
from runtime.mqtt import Handler, Message

_log: Final = logging.getLogger(__name__)
_FIRST_WAIT: Final = 0.1  # seconds before the database is tried again; doubles
_MOST_WAIT: Final = 5.0


class Client(Protocol):
    """What the intake needs of the broker's client (runtime.mqtt)."""

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class _Arrival(msgspec.Struct, frozen=True, kw_only=True):
    message: Message
    parcel: Parcel
    where: AreaTopic | None
    sequence: Sequence | None


class Intake:
    """One process's intake. Several may run: each judgement is taken once, by its id."""

    def __init__(
        self,
        *,
        client: Client,
        db: Database,
        clock: Clock,
        ids: Factory,
        registry: CollectorRegistry,
        settings: Settings | None = None,
        means: Means = BARE,
    ) -> None:
        """`means`: what an alert's life among people takes."""
        self._client = client
        self._db = db
        self._clock = clock
        self._ids = ids
        self._settings = settings or means.settings
        self._means = means
        self._metrics = Metrics(registry)
        self._receipts = Receipts(client, self._metrics, patience=self._settings.patience)
        self._waiting: deque[_Arrival] = deque()
        self._arrived = asyncio.Event()
        self._paused = False
        self.trouble = ""  # why nothing is written just now; empty while all is well

    async def run(self) -> None:
        """Take judgements for ever. What is not written yet when cancelled is sent again by its producer."""
        self._client.subscribe(topics.every_area("judgement"), self.handle)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                sweep.run(self._db, self._clock, self._ids, self._settings, self._means),
                name="alerts sweep",
            )
            tasks.create_task(self._receipts.run(), name="alerts receipts")
            while True:
                await self._arrived.wait()
                batch = [
                    self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.batch))
                ]
                if not self._waiting:
                    self._arrived.clear()
                self._metrics.waiting.set(len(self._waiting))
                if self._paused and len(self._waiting) <= self._settings.waiting // 2:
                    self._paused = False
                    self._client.resume()
                await self._take(batch)

    def handle(self, message: Message) -> None:
        """Take one message; called by the client in the loop's thread, never blocks."""
        self._waiting.append(self._checked(message))
        self._arrived.set()
        if len(self._waiting) >= self._settings.waiting and not self._paused:
            self._paused = True
            self._client.pause()

    def _checked(self, message: Message) -> _Arrival:
        where: AreaTopic | None = None
        sequence: Sequence | None = None
        parcel: Parcel
        try:
            where = check.area(message.topic)
            sequence = check.number(message.properties, where)
            parcel = check.judgement(message.payload, where, sequence, now=self._clock.now())
        except Refused as error:
            parcel = self._bad(message, error)
        return _Arrival(message=message, parcel=parcel, where=where, sequence=sequence)

    def _bad(self, message: Message, error: Refused) -> Bad:
        _log.warning("judgement on %s refused: %s", clean(message.topic, 120), clean(error))
        return Bad(topic=message.topic, properties=message.properties, payload=message.payload, reason=error)

    async def _take(self, batch: list[_Arrival]) -> None:
        outcomes = await self._commit([arrival.parcel for arrival in batch])
        for arrival, outcome in zip(batch, outcomes, strict=True):
            probe = isinstance(arrival.parcel, Good) and arrival.parcel.judgement.probe
            self._metrics.judgements.labels(outcome, "true" if probe else "false").inc()
            if arrival.where is not None and arrival.sequence is not None:
                self._receipts.add(arrival.where, arrival.sequence)
            arrival.message.ack()

    async def _commit(self, batch: list[Parcel]) -> list[str]:
        """Write all, waiting for the database as long as it takes; alone what fails together."""
        write = functools.partial(
            commit,
            self._db,
            batch,
            now=self._clock.now(),
            ids=self._ids,
            hold=round(self._settings.hold * SECOND),
            means=self._means,
        )
        wait = _FIRST_WAIT
        while True:
            try:
                with self._metrics.commit.time():
                    outcomes = await asyncio.to_thread(write)
            except Unavailable as error:
                if not self.trouble:
                    _log.warning("judgements wait: %s", error)
                self.trouble = str(error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _MOST_WAIT)
            except DBAPIError as error:
                if len(batch) == 1:
                    return await self._commit([self._unwritable(batch[0], error)])
                return [outcome for item in batch for outcome in await self._commit([item])]
            else:
                self.trouble = ""
                return outcomes

    def _unwritable(self, item: Parcel, error: DBAPIError) -> Bad:
        """The database refuses what the checks let through: keep it as refused, so that the rest goes on."""
        if isinstance(item, Bad):
            raise error
        _log.error("judgement %s cannot be written", clean(item.judgement.id), exc_info=error)
        where = str(AreaTopic.judgement(item.judgement.site, item.judgement.producer))
        payload = msgspec.json.encode(item.judgement)
        reason = Refused("judgement", item.judgement.id, clean(error.orig))
        return Bad(topic=where, properties={}, payload=payload, reason=reason)
