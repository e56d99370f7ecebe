"""The post: brings notices out, in one process at a time, each channel on a lane of its own."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from city.db import Bell, Database, Lease
from city.errors import Unavailable
from city.notifications.asking import ASKED
from city.notifications.attempt import Attempts, Job, Outcome, Refused
from city.notifications.books import Books, consumer
from city.notifications.model import Channel
from city.notifications.outlet import Outlet
from city.notifications.settings import Settings
from city.outbox import Beside, letters

_log: Final = logging.getLogger(__name__)
_THREADS: Final = 4  # blocking calls of the database at once
_AT_ONCE: Final = 50  # notices planned in one transaction
_AGAIN: Final = 1.0  # seconds before the database is asked again after it did not answer
T = TypeVar("T")


class Post:
    """Sends what is asked for. A lane holds as many messages as its gateways take; the rest waits."""

    def __init__(
        self, db: Database, *, attempts: Attempts, books: Books, outlets: Sequence[Outlet], settings: Settings
    ) -> None:
        self._db = db
        self._attempts = attempts
        self._books = books
        self._settings = settings
        self._outlets: Mapping[Channel, list[Outlet]] = {
            channel: [one for one in outlets if one.channel == channel]
            for channel in dict.fromkeys(one.channel for one in outlets)
        }
        self._bells = {channel: Bell() for channel in self._outlets}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="notices")

    def beside(self) -> Beside:
        """For the relay: it runs where the relay does."""
        return Beside(name="notices", run=self.run, bells=(ASKED,))

    async def run(self, _lease: Lease | None = None) -> None:
        """Send for ever. What one process had under way when it was killed, the next one sends again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._plan(), name="notices plan")
            tasks.create_task(self._again(), name="notices letters")
            tasks.create_task(self._sweep(), name="notices sweep")
            for channel in self._outlets:
                tasks.create_task(self._lane(tasks, channel), name=f"notices {channel}")

    def close(self) -> None:
        """Wait for what threads have under way with the database, and let the gateways' go."""
        self._pool.shutdown()
        for outlets in self._outlets.values():
            for outlet in outlets:
                outlet.close()

    async def _plan(self) -> None:
        bell = self._db.bell(ASKED)
        while True:
            seen = bell.count
            count = await self._patiently(lambda: self._books.plan(_AT_ONCE))
            if count:
                for lane in self._bells.values():
                    lane.ring()
            else:
                await bell.wait(seen, self._settings.poll)

    async def _lane(self, tasks: asyncio.TaskGroup, channel: Channel) -> None:
        bell = self._bells[channel]
        busy: set[int] = set()
        most = 2 * sum(outlet.at_once for outlet in self._outlets[channel])
        while True:
            seen = bell.count
            if len(busy) < most:
                for delivery in await self._patiently(
                    lambda: self._books.due(channel, most - len(busy), busy)
                ):
                    busy.add(delivery)
                    tasks.create_task(self._deliver(channel, delivery, busy), name=f"notice {delivery}")
            await bell.wait(seen, self._settings.poll)

    async def _deliver(self, channel: Channel, delivery: int, busy: set[int]) -> None:
        try:
            job = await self._patiently(lambda: self._load(delivery))
            if job is None:
                return
            if isinstance(job, Job):
                outcome = await self._send(job)
                await self._patiently(lambda: self._books.settle(delivery, job, outcome))
            else:
                await self._patiently(lambda: self._books.settle(delivery, None, job))
        finally:
            busy.discard(delivery)
            self._bells[channel].ring()

    async def _send(self, job: Job) -> Outcome:
        try:
            return await self._attempts.send(job, self._outlets[job.channel])
        except Exception as error:  # noqa: BLE001 - a gateway's library may fail in any way
            _log.exception("a message could not be handed over by %s", job.channel)
            return Refused(reason=f"a fault of ours or the library's: {type(error).__name__}")

    def _load(self, delivery: int) -> Job | Outcome | None:
        with self._db.read() as tx:
            return self._attempts.load(tx, delivery)

    async def _again(self) -> None:
        bell = self._db.bell(letters.ASKED)
        while True:
            seen = bell.count
            asked = set(await self._patiently(self._books.asked))
            for channel, lane in self._bells.items():
                if consumer(channel) in asked:
                    await self._patiently(functools.partial(self._books.again, channel))
                    lane.ring()
            await bell.wait(seen, 2 * self._settings.poll)

    async def _sweep(self) -> None:
        while True:
            await self._patiently(self._books.sweep)
            await asyncio.sleep(self._settings.sweep)

    async def _patiently(self, call: Callable[[], T]) -> T:
        """Blocking call beside the loop, again and again while the database is away.

        A message that is sent and not written down would be sent twice.
        """
        away = False
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
            except Unavailable as error:
                if not away:
                    _log.warning("notices wait: %s", error)
                away = True
            await asyncio.sleep(_AGAIN)
