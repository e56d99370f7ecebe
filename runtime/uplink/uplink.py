"""The uplink: sends what the spool holds, and again what no receipt names in time.

In each stream batches leave for the first time in the order of their sequence numbers. A new connection
begins with everything that is not receipted, from the lowest number, before anything new. The highest lane
goes first. Batches that say what they come `after` (contracts.batches) leave one at a time: a later one that
arrived alone would make the earlier one, sent again, look late.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from contracts import receipts
from contracts.errors import Refused
from contracts.receipts import Receipt
from runtime import logs, mqtt
from runtime.clock import Clock, System
from runtime.spool import Batch, Full, Lane, Spool
from runtime.uplink.flights import Flights
from runtime.uplink.plain import Figures
from runtime.uplink.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

T = TypeVar("T")
_CHUNK: Final = 64  # batches read from the spool at a time, so that a new alarm soon has its turn
_LOOK: Final = 1.0  # seconds between looks at what is overdue
_MARK: Final = 0.25  # seconds until the broker's acknowledgements are noted; most are receipted by then
_MOST_RECEIPTS: Final = 10_000  # that wait to be applied; more are dropped: their batches are sent again
_DISK: Final = 1.0  # seconds until a full disk is tried again
_log: Final = logging.getLogger(__name__)


class Uplink:
    """Between one spool and one client, for as long as `run` runs."""

    def __init__(
        self,
        spool: Spool,
        client: mqtt.Client,
        *,
        clock: Clock | None = None,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
        opened: asyncio.Event | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`opened`: nothing leaves before it is set; without one nothing is held."""
        self.receipted = 0  # batches, since the start
        self._spool = spool
        self._client = client
        self._clock = clock or System()
        self._settings = settings or Settings()
        self._figures = _figures(registry, spool)
        self._jitter = jitter
        self._flights = Flights(self._settings, spool.limit)
        self._patience = self._settings.patience
        self._cursor = dict.fromkeys(Lane, 0)
        self._held: dict[Lane, list[Batch]] = {lane: [] for lane in Lane}  # read, and not yet free to leave
        self._ahead = (0, 0)  # batches and bytes that the broker has not acknowledged
        self._receipts: list[Receipt] = []
        self._acknowledged: list[int] = []
        self._listening: set[str] = set()
        self._publishing: set[asyncio.Task[None]] = set()
        self._opened = opened
        self._turns: dict[str, float] = {}  # part → when it last went round (monotonic)
        self._wake = asyncio.Event()
        self._told = asyncio.Event()
        self._settled = asyncio.Event()

    @property
    def turned(self) -> float:
        """Monotonic time since which every part has gone round; it stands still where one hangs."""
        return min(self._turns.values(), default=self._clock.monotonic())

    async def drained(self) -> None:
        """Return when no batch waits for a receipt."""
        while self._spool.size():
            self._settled.clear()
            await _wait(self._settled, _LOOK)

    async def run(self) -> None:
        """Send and settle until cancelled. Raises spool.Unusable."""
        loop = asyncio.get_running_loop()
        self._spool.on_append(lambda: None if loop.is_closed() else _call(loop, self._wake.set))
        self._client.on_connect(self._wake.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(), name="uplink send")
                tasks.create_task(self._settle(), name="uplink settle")
        finally:
            for task in self._publishing:
                task.cancel()

    # sending

    async def _send(self) -> None:
        while True:
            await self._free()
            connection = self._client.connection
            self._flights.clear()
            self._cursor = dict.fromkeys(Lane, 0)
            self._held = {lane: [] for lane in Lane}
            self._ahead = (0, 0)
            while self._client.connected.is_set() and self._client.connection == connection:
                self._wake.clear()
                self._turn("send")
                if not (await self._fresh(connection) or await self._overdue(connection)):
                    await _wait(self._wake, min(_LOOK, self._settings.patience / 4))

    async def _free(self) -> None:
        """Return when there is a connection and nothing is held."""
        for gate in filter(None, (self._opened, self._client.connected)):
            while not gate.is_set():
                self._turn("send")
                await _wait(gate, _LOOK)

    def _turn(self, part: str) -> None:
        self._turns[part] = self._clock.monotonic()

    async def _fresh(self, connection: int) -> bool:
        """Send a chunk of the highest lane that has something; return whether there was any."""
        for lane in Lane:
            if self._spool.depth()[lane] <= self._flights.count(lane) and not self._owes(lane):
                continue
            count, size = self._flights.room(lane)
            count = min(count, _CHUNK, self._settings.ahead - self._ahead[0])
            size = min(size, self._settings.ahead_bytes - self._ahead[1])
            if count <= 0 or size <= 0:
                continue
            held = self._held[lane]
            if not held:
                after = self._cursor[lane]
                held += await self._patiently(
                    lambda: self._spool.due(lane, after=after, count=count, size=size)  # noqa: B023  # called before the next round
                )
            if self._leave(held, count, connection):
                return True
        return False

    def _leave(self, held: list[Batch], most: int, connection: int) -> int:
        """Send the first of these that are free to leave, and take them out; how many."""
        free = itertools.takewhile(self._flights.free, held[:most])
        count = 0
        for batch in free:  # each that leaves may hold the next
            self._cursor[batch.lane] = batch.id
            self._launch(batch, connection)
            count += 1
        del held[:count]
        return count

    def _owes(self, lane: Lane) -> bool:
        """Whether the spool has losses to declare, which it turns into a batch when asked."""
        return lane is Lane.EVENT and self._spool.losses

    async def _overdue(self, connection: int) -> bool:
        """Send again what has waited too long for its receipt; return whether there was any."""
        now = self._clock.monotonic()
        room = min(_CHUNK, self._settings.ahead - self._ahead[0])
        keys = self._flights.overdue(now - self._patience * (1 + self._jitter() / 4), room)
        if not keys:
            return False
        found = await self._patiently(lambda: self._spool.again(keys))
        self._flights.end(set(keys) - {batch.id for batch in found})
        for batch in found:
            self._launch(batch, connection)
        if found:
            _log.debug("no receipt for %d batches within %.0f s: sent again", len(found), self._patience)
            if len(found) < room:  # the sweep is through: the next one waits longer, until a receipt comes
                self._patience = min(2 * self._patience, self._settings.longest_patience)
        return bool(found)

    def _launch(self, batch: Batch, connection: int) -> None:
        if batch.receipts not in self._listening:
            self._listening.add(batch.receipts)
            self._client.subscribe(batch.receipts, self._on_receipt)
        attempt = self._flights.begin(batch, self._clock.monotonic())
        (self._figures.sent if attempt == 1 else self._figures.resent).labels(batch.stream.channel).inc()
        count, size = self._ahead
        self._ahead = (count + 1, size + len(batch.payload))
        task = asyncio.create_task(self._publish(batch, attempt, connection))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _publish(self, batch: Batch, attempt: int, connection: int) -> None:
        try:
            if self._client.connection != connection:
                return
            await self._client.publish(
                batch.topic,
                batch.payload,
                properties=[*batch.properties, *batch.place(attempt).properties()],
                content_type=batch.content_type,
            )
            if self._flights.acknowledge(batch.id):
                self._acknowledged.append(batch.id)
                self._told.set()
        except mqtt.Lost:
            pass  # the next connection sends it again
        except mqtt.Denied as error:
            self._figures.denied.labels(batch.stream.channel).inc()
            _log.warning("the broker refused a batch of %s: %s", batch.stream, logs.clean(error))
        finally:
            if self._client.connection == connection:
                count, size = self._ahead
                self._ahead = (count - 1, size - len(batch.payload))
            self._wake.set()

    # settling

    def _on_receipt(self, message: mqtt.Message) -> None:
        message.ack()
        try:
            receipt = receipts.decode(message.payload)
        except Refused as error:
            self._figures.bad.inc()
            _log.warning("a receipt on %s cannot be read: %s", logs.clean(message.topic), logs.clean(error))
            return
        if len(self._receipts) < _MOST_RECEIPTS:
            self._receipts.append(receipt)
            self._told.set()

    async def _settle(self) -> None:
        marked = self._clock.monotonic()
        while True:
            await _wait(self._told, _MARK if self._acknowledged else _LOOK)
            self._told.clear()
            self._turn("settle")
            if self._receipts:
                todo, self._receipts = self._receipts, []
                gone = await self._patiently(lambda: self._spool.settle(todo))  # noqa: B023  # called at once
                self._flights.end(gone)
                self.receipted += len(gone)
                self._figures.receipted.inc(len(gone))
                self._patience = self._settings.patience
                self._settled.set()
                self._wake.set()
            now = self._clock.monotonic()
            if self._acknowledged and now - marked >= _MARK:
                marked = now
                keys, self._acknowledged = self._acknowledged, []
                waiting = [key for key in keys if key in self._flights]
                if waiting:
                    await self._patiently(lambda: self._spool.sent(waiting))  # noqa: B023  # called at once

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Do blocking work on the spool in a thread; where the disk is full try until it is not."""
        told = False
        while True:
            try:
                return await asyncio.to_thread(work)
            except Full as error:
                if not told:
                    _log.error("%s", error)
                    told = True
            for part in self._turns:  # who waits for space goes on; who hangs in the disk does not
                self._turn(part)
            await asyncio.sleep(_DISK)


def _figures(registry: CollectorRegistry | None, spool: Spool) -> Figures:
    if registry is None:
        return Figures()
    from runtime.uplink.figures import Counters

    return Counters(registry, spool)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    waiting: Awaitable[bool] = event.wait()
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        pass


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(what)
