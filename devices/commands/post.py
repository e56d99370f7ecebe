"""The desk's post: sends commands to devices that are online, hears their results, gives up in time.

One process at a time does it, the outbox's relay. A command is kept as sent before it leaves, so `queued` is
certain; whoever takes over asks again for what was on its way, and the device knows it by its id.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter as Counts
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import select

from city import outbox
from city.db import Database, Lease
from city.errors import LeaseLost, Unavailable
from contracts import commands as contract
from contracts import topics
from contracts.commands import TOLERANCE
from contracts.errors import Refused
from contracts.instants import DAY, SECOND
from contracts.topics import Channel, Device, DeviceTopic
from devices.commands import intake, model, records
from devices.commands.intake import Came
from devices.commands.model import OPEN, Record, State
from devices.commands.online import Client, Online
from devices.commands.tables import commands
from devices.commands.voice import ASKED, ENDED, Voice
from runtime.clock import Clock
from runtime.mqtt import Ask, Denied, Lost, Message

T = TypeVar("T")
INBOX: Final = 1_000  # results not kept yet; a further one is dropped: its device is asked again
AHEAD: Final = 16  # commands to one device whose end is not known; half of what it lets wait (edge.commands)
_NEVER: Final = frozenset({State.EXPIRED, State.WITHDRAWN})  # leave no more
_AWAY: Final = frozenset({State.SENT, State.ACCEPTED, State.RUNNING})
_BATCH: Final = 100  # commands or results in one transaction
_OPEN: Final = 20_000  # open commands looked at in one round
_LOOK: Final = 1.0  # seconds between rounds that nobody asked for
_PATIENCE: Final = 20.0  # seconds for the broker to take a command
_REMEMBERED: Final = 30 * DAY  # so long after its issue a device is asked what became of a command
_log: Final = logging.getLogger(__name__)


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    device: str
    state: str
    asked: int | None
    tries: int


class Post:
    """Works where the outbox's relay does."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        client: Client,
        online: Online,
        voice: Voice,
        registry: CollectorRegistry,
    ) -> None:
        self._db = db
        self._clock = clock
        self._client = client
        self._online = online
        self._voice = voice
        self._leads = False
        self._inbox: asyncio.Queue[tuple[Came, Message]] = asyncio.Queue(INBOX)
        self._wake = asyncio.Event()
        self._sent = Counter("imm_commands_sent", "Commands sent, again included", registry=registry)
        self._results = Counter(
            "imm_commands_results", "Results by what became of them", ["fate"], registry=registry
        )
        client.subscribe(topics.every(Channel.RESULT), self._came)
        online.on_change(self._wake.set)

    def beside(self) -> outbox.Beside:
        """Work for the relay."""
        return outbox.Beside(name="devices.commands", run=self.run, bells=(ASKED,))

    async def run(self, lease: Lease) -> None:
        """Send, hear and give up until the lease is lost. Raises LeaseLost."""
        self._leads = True
        lost = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(lease), name="commands: results")
                tasks.create_task(self._send(lease), name="commands: sending")
                tasks.create_task(self._give_up(lease), name="commands: giving up")
        except* LeaseLost:
            lost = True
        finally:
            self._leads = False
        if lost:
            raise LeaseLost(lease.name, "another process")

    # sending

    async def _send(self, lease: Lease) -> None:
        bell = self._db.bell(ASKED)
        while True:
            seen = bell.count
            self._wake.clear()
            if not self._client.connected.is_set():
                await self._client.connected.wait()
            marked = await _patiently(lambda: self._mark(lease))
            if marked:
                await asyncio.gather(*(self._publish(record) for record in marked))
                continue
            rung = asyncio.create_task(bell.wait(seen, _LOOK))
            woken = asyncio.create_task(self._wake.wait())
            try:
                await asyncio.wait({rung, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (rung, woken):
                    task.cancel()
                await asyncio.wait({rung, woken})

    def _mark(self, lease: Lease) -> Sequence[Record]:
        """Keep as sent what leaves now: what is new for devices that are online, or to be asked again."""
        now = self._clock.now()
        due = self._due(self._look(now), now)
        if not due:
            return ()
        marked: list[Record] = []
        with self._db.begin() as tx:
            lease.guard(tx)
            for key in due:
                old = records.find(tx, key, lock=True)
                if old is None or old.told or old.state in _NEVER:
                    continue
                if old.state == State.QUEUED and now > old.expires:
                    continue
                new = model.sending(old, now)
                records.put(tx, new, source="desk", line=new.state != old.state)
                self._voice.changed(tx, old, new)
                marked.append(new)
        return marked

    def _look(self, now: int) -> list[_Due]:
        """Commands that may be sent, or whose end is not known."""
        columns = [commands.c[name] for name in _Due.__struct_fields__]
        wanted = commands.c.state.in_([*OPEN, State.TIMED_OUT]) & commands.c.told.is_(False)
        query = select(*columns).where(wanted, commands.c.issued > now - _REMEMBERED)
        query = query.order_by(commands.c.issued, commands.c.id).limit(_OPEN)
        with self._db.read() as tx:
            return [
                _Due(**{str(name): value for name, value in row.items()})
                for row in tx.execute(query).mappings()
            ]

    def _due(self, found: Sequence[_Due], now: int) -> list[str]:
        """Ids of those whose turn it is; a device is given so many at once that it need not refuse any."""
        ahead = Counts(one.device for one in found if one.state in _AWAY)
        due: list[str] = []
        for one in found:
            if len(due) == _BATCH:
                break
            fresh = one.state == State.QUEUED
            if self._is_due(one, now) and not (fresh and ahead[one.device] >= AHEAD):
                due.append(one.id)
                ahead[one.device] += fresh
        return due

    def _is_due(self, one: _Due, now: int) -> bool:
        since = self._online.since(one.device)
        if since is None:
            return False
        if one.asked is None or one.asked < since:
            return True
        return one.state != State.TIMED_OUT and one.asked + model.patience(one.tries) <= now

    async def _publish(self, record: Record) -> None:
        device = Device(site=record.site, kind=record.kind, device=record.device)
        left = max(0, record.expires - self._clock.now()) + TOLERANCE
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._client.publish(
                    device.topic(Channel.COMMAND),
                    contract.encode(record.message()),
                    content_type="application/json",
                    expiry=left // SECOND,
                    ask=Ask(device.topic(Channel.RESULT), record.id.encode()),
                )
            self._sent.inc()
        except (Lost, TimeoutError):
            pass  # asked again in a moment
        except Denied as error:
            _log.warning("the broker refused command %s to %s: %s", record.id, record.device, error)

    # hearing

    def _came(self, message: Message) -> None:
        topic = _topic(message)
        if topic is None or not self._leads or message.retain or self._inbox.full():
            message.ack()  # whoever leads asks again for what it does not know
            return
        came = Came(topic=str(topic), payload=message.payload, time=self._clock.now())
        self._inbox.put_nowait((came, message))

    async def _hear(self, lease: Lease) -> None:
        while True:
            batch = [await self._inbox.get()]
            while len(batch) < _BATCH and not self._inbox.empty():
                batch.append(self._inbox.get_nowait())
            came = [one for one, _ in batch]
            for fate in await _patiently(lambda: self._take(lease, came)):  # noqa: B023 - called before the next round
                self._results.labels(fate.value).inc()
            for _, message in batch:
                message.ack()
            self._wake.set()  # whose end is known makes room for the next

    def _take(self, lease: Lease, came: list[Came]) -> list[intake.Fate]:
        with self._db.begin() as tx:
            lease.guard(tx)
            return [intake.take(tx, one, self._voice) for one in came]

    # giving up

    async def _give_up(self, lease: Lease) -> None:
        while True:
            if not await _patiently(lambda: self._over(lease)):
                await asyncio.sleep(_LOOK)

    def _over(self, lease: Lease) -> int:
        now = self._clock.now()
        waits = (commands.c.state == State.QUEUED) & (commands.c.expires < now)
        hangs = commands.c.state.in_([State.SENT, State.ACCEPTED, State.RUNNING]) & (
            commands.c.deadline < now
        )
        with self._db.read() as tx:
            late = records.some(tx, waits | hangs, limit=_BATCH)
        if not late:
            return 0
        with self._db.begin() as tx:
            lease.guard(tx)
            for one in late:
                old = records.find(tx, one.id, lock=True)
                new = model.given_up(old, now) if old else None
                if new is not None:
                    records.put(tx, new, source="desk", line=True)
                    self._voice.tell(tx, ENDED, new)
        return len(late)


async def _patiently(work: Callable[[], T]) -> T:
    """Blocking work beside the loop, again where the database is away."""
    while True:
        try:
            return await asyncio.to_thread(work)
        except Unavailable as error:
            _log.warning("commands wait: %s", error)
            await asyncio.sleep(error.after)


def _topic(message: Message) -> DeviceTopic | None:
    try:
        topic = topics.parse(message.topic)
    except Refused:
        return None
    return topic if isinstance(topic, DeviceTopic) else None
