"""Keep the retained desired states true, and keep what devices report; works where the outbox's relay does.

Each message is made from the database's state at that moment, one device at a time. What a broker forgot, or
remembers of a device that is elsewhere or gone, is mended at each new connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from city import outbox
from city.db import Database
from city.errors import Later, Unavailable
from contracts import shadow, topics
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from contracts.roster import Entry, Reader
from contracts.shadow import Reported
from contracts.topics import Channel, Device, DeviceTopic
from devices.commands.online import Client
from devices.shadow import records
from devices.shadow.service import CHANGED, Shadows
from devices.shadow.tables import shadows
from runtime.clock import Clock
from runtime.mqtt import Failure, Message

_MOST_PASSED: Final = 50_000  # devices whose newest report is remembered by who does not lead
_BATCH: Final = 200
_PAGE: Final = 500  # shadows published anew at once
_PATIENCE: Final = 10.0  # seconds for the broker's answer
_PAUSE: Final = 1.0  # seconds before what broke off is tried again
_MOST_SEEN: Final = 50_000  # retained messages looked at after a connection; more wait for the next one
_log: Final = logging.getLogger(__name__)


class Herald:
    """The one that writes `shadow/desired` and hears `shadow/reported`."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        client: Client,
        roster: Reader,
        service: Shadows,
        registry: CollectorRegistry,
    ) -> None:
        self._db = db
        self._clock = clock
        self._client = client
        self._roster = roster
        self._service = service
        self._leads = False
        self._anew = asyncio.Event()
        self._seen: set[Device] = set()  # addresses for which the broker holds a message
        self._passed: dict[str, Message] = {}  # topic → what came newest while another led
        self._waiting: dict[str, tuple[Entry, Reported, Message]] = {}  # device of the roster → its newest
        self._filled = asyncio.Event()
        self._told = Counter(
            "imm_shadow_desired", "Desired states written or cleared", ["action"], registry=registry
        )
        self._heard = Counter(
            "imm_shadow_reported", "Reports by what became of them", ["fate"], registry=registry
        )
        client.subscribe(topics.every(Channel.SHADOW_REPORTED), self._came)
        client.subscribe(topics.every(Channel.SHADOW_DESIRED), self._see)
        client.on_connect(self._anew.set)

    def deliverer(self) -> outbox.Deliverer:
        """Consumer for the relay."""
        return outbox.Deliverer(
            name="devices.shadow", types=(CHANGED,), deliver=self.deliver, beside=self.run
        )

    async def deliver(self, event: CloudEvent) -> None:
        """Make the topic of the event's device true. Raises Later while the broker is away."""
        try:
            await self._tell([event.subject])
        except (Failure, TimeoutError) as error:
            raise Later(f"the broker does not take it: {error}") from error

    async def run(self) -> None:
        """Hear reports; after each new connection make every topic true."""
        self._leads = True
        passed, self._passed = self._passed, {}
        for message in passed.values():  # who led may not have kept it; to keep it twice changes nothing
            self._take(message)
        self._anew.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._renew(), name="shadow: desired")
                tasks.create_task(self._hear(), name="shadow: reported")
        finally:
            self._leads = False

    async def _renew(self) -> None:
        while True:
            await self._anew.wait()
            await self._client.connected.wait()
            self._anew.clear()
            try:
                await self._tell_all()
            except (Failure, TimeoutError, Unavailable) as error:
                _log.warning("desired states are not all published yet: %s", error)
                await asyncio.sleep(_PAUSE)
                self._anew.set()

    async def _tell_all(self) -> None:
        after = ""
        while page := await asyncio.to_thread(self._page, after):
            await self._tell(page)
            after = page[-1]
        for address in sorted(self._seen, key=lambda one: one.device):
            entry = self._roster.get(address.device)
            if entry is None or entry.address != address:  # of a device that is gone, or elsewhere by now
                async with asyncio.timeout(_PATIENCE):
                    await self._client.publish(address.topic(Channel.SHADOW_DESIRED), b"", retain=True)
                self._told.labels("cleared").inc()
            self._seen.discard(address)

    def _page(self, after: str) -> list[str]:
        with self._db.read() as tx:
            found = records.some(tx, shadows.c.version > 0, after=after, limit=_PAGE)
        return [one.device for one in found]

    async def _tell(self, devices: Sequence[str]) -> None:
        wanted = await asyncio.to_thread(self._messages, devices)
        async with asyncio.timeout(_PATIENCE + len(wanted) / 100):
            await asyncio.gather(
                *(
                    self._client.publish(topic, payload, retain=True, content_type="application/json")
                    for topic, payload in wanted
                )
            )
        self._told.labels("written").inc(len(wanted))

    def _messages(self, devices: Sequence[str]) -> list[tuple[str, bytes]]:
        found = []
        with self._db.read() as tx:
            for device in devices:
                one, entry = records.find(tx, device), self._roster.get(device)
                if one is not None and one.version and entry is not None:
                    topic = entry.address.topic(Channel.SHADOW_DESIRED)
                    found.append((topic, shadow.encode(one.desired())))
        return found

    def _see(self, message: Message) -> None:
        """What the broker had kept when we subscribed; our own messages come without the flag."""
        message.ack()
        topic = _topic(message)
        if topic and message.retain and message.payload and len(self._seen) < _MOST_SEEN:
            entry = self._roster.get(topic.device.device)
            if entry is None or entry.address != topic.device:
                self._seen.add(topic.device)
                self._anew.set()

    def _came(self, message: Message) -> None:
        if self._leads:
            self._take(message)
            return
        message.ack()
        if message.topic in self._passed or len(self._passed) < _MOST_PASSED:
            self._passed[message.topic] = message

    def _take(self, message: Message) -> None:
        """Have a report wait to be kept; only the newest of a device counts."""
        topic = _topic(message)
        if topic is None or not message.payload:
            message.ack()
            return
        entry = self._roster.get(topic.device.device)
        if entry is None or not entry.speaks_as(topic.device):
            self._heard.labels("foreign").inc()
            message.ack()
            return
        try:
            reported = shadow.decode_reported(message.payload)
        except Refused as refused:
            self._heard.labels("unreadable").inc()
            _log.warning("the reported state of %s cannot be read: %s", entry.device, refused)
            message.ack()
            return
        if before := self._waiting.get(entry.device):
            before[2].ack()
        self._waiting[entry.device] = (entry, reported, message)
        self._filled.set()

    async def _hear(self) -> None:
        while True:
            await self._filled.wait()
            batch = [self._waiting.pop(device) for device in list(self._waiting)[:_BATCH]]
            if not self._waiting:
                self._filled.clear()
            while True:
                try:
                    await asyncio.to_thread(self._keep, [(entry, reported) for entry, reported, _ in batch])
                    break
                except Unavailable as error:
                    _log.warning("reported states wait: %s", error)
                    await asyncio.sleep(error.after)
            self._heard.labels("kept").inc(len(batch))
            for *_, message in batch:
                message.ack()

    def _keep(self, batch: Sequence[tuple[Entry, Reported]]) -> None:
        now = self._clock.now()
        with self._db.begin() as tx:
            for entry, reported in sorted(batch, key=lambda one: one[0].device):  # one order of locks
                self._service.hear(tx, entry, reported, now)


def _topic(message: Message) -> DeviceTopic | None:
    try:
        topic = topics.parse(message.topic)
    except Refused:
        return None
    return topic if isinstance(topic, DeviceTopic) else None
