"""The relay: one process at a time numbers the events and drives every consumer."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry

from city.db import Database, Lease
from city.db.listen import listen
from city.errors import LeaseLost, Unavailable
from city.outbox import letters, numbering
from city.outbox.consumers import Beside, Consumer, Deliverer
from city.outbox.drive import Drive
from city.outbox.events import NEW
from city.outbox.figures import Figures
from city.outbox.settings import Settings
from contracts.instants import SECOND
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
_THREADS: Final = 4  # blocking calls at once; SQLite lets one of them write
_LOOK: Final = 5.0  # seconds between looks for letters that no bell announced
P = ParamSpec("P")
T = TypeVar("T")


class Relay:
    """Every process that may be the relay has the same consumers; the one with the lease drives them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        consumers: Sequence[Consumer],
        *,
        beside: Sequence[Beside] = (),
        registry: CollectorRegistry | None = None,
        settings: Settings | None = None,
    ) -> None:
        names = [consumer.name for consumer in consumers]
        if len(set(names)) != len(names):
            raise ValueError(f"two consumers have the same name: {sorted(names)}")
        self.leading = asyncio.Event()
        self._db = db
        self._clock = clock
        self._consumers = consumers
        self._beside = beside
        self._settings = settings or Settings()
        self._figures = Figures(registry or CollectorRegistry())
        self._lease = Lease(db, "outbox", clock, seconds=self._settings.lease)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="outbox")

    async def run(self) -> None:
        """Lead whenever the lease is free, for ever; gives the lease back when cancelled."""
        try:
            while True:
                if await self._take():
                    await self._lead()
                await asyncio.sleep(self._settings.lease / 3)
        finally:
            # What a thread has under way uses connections: whoever closes the database next must not meet it.
            await asyncio.shield(asyncio.to_thread(self._pool.shutdown))

    async def _take(self) -> bool:
        try:
            return await self._thread(self._lease.take)
        except Unavailable as error:
            _log.warning("the relay waits: %s", error)
            return False

    async def _lead(self) -> None:
        """Do all the relay's work until the lease is lost."""
        _log.info("this process is the relay now (%s)", self._lease.holder)
        self.leading.set()
        self._figures.leads.set(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hold(), name="outbox lease")
                tasks.create_task(self._number(), name="outbox numbering")
                tasks.create_task(self._sweep(), name="outbox sweep")
                bells = [NEW, letters.ASKED, *(bell for beside in self._beside for bell in beside.bells)]
                tasks.create_task(listen(self._db, bells), name="outbox notifications")
                drives = [
                    Drive(self._db, self._clock, consumer, self._figures, self._settings, thread=self._thread)
                    for consumer in self._consumers
                ]
                for drive in drives:
                    tasks.create_task(drive.run(), name=f"outbox {drive.name}")
                tasks.create_task(self._again(drives), name="outbox letters")
                for beside in self._beside:
                    work = functools.partial(beside.run, self._lease)
                    tasks.create_task(self._run(beside.name, work), name=f"outbox beside: {beside.name}")
                for consumer in self._consumers:
                    if isinstance(consumer, Deliverer) and consumer.beside is not None:
                        running = self._run(consumer.name, consumer.beside)
                        tasks.create_task(running, name=f"outbox beside {consumer.name}")
        except* (LeaseLost, Unavailable) as lost:
            _log.warning("this process is the relay no more: %s", lost.exceptions[0])
        finally:
            self.leading.clear()
            self._figures.leads.set(0)
            await self._give_back()

    async def _give_back(self) -> None:
        """Let the next process begin at once; without it, it waits for the lease to run out."""
        try:
            await asyncio.shield(self._thread(self._lease.give_back))
        except Unavailable as error:
            _log.warning("the relay's lease runs out by itself: %s", error)

    async def _hold(self) -> None:
        """Renew the lease; a database that is away for longer than the lease lasts ends it."""
        kept = self._clock.monotonic()
        while True:
            await asyncio.sleep(self._settings.lease / 3)
            try:
                if not await self._thread(self._lease.take):
                    raise LeaseLost(self._lease.name, "another process")
                kept = self._clock.monotonic()
            except Unavailable:
                if self._clock.monotonic() - kept > self._settings.lease:
                    raise LeaseLost(self._lease.name, "nobody: the database is away") from None

    async def _number(self) -> None:
        bell = self._db.bell(NEW)
        away = 0  # times in a row that the database did not answer
        while True:
            seen = bell.count
            try:
                count = await self._thread(numbering.number, self._db, self._lease)
            except Unavailable as error:
                away += 1
                if away == 1:
                    _log.warning("numbering waits: %s", error)
                await asyncio.sleep(self._settings.delay(away))
                continue
            away = 0
            self._figures.numbered.inc(count)
            if not count:
                await bell.wait(seen, self._settings.poll)

    async def _again(self, drives: Sequence[Drive]) -> None:
        """Letters that someone asked for go to their consumers again, each beside the others."""
        bell = self._db.bell(letters.ASKED)
        while True:
            seen = bell.count
            try:
                asked = await self._thread(self._asked)
                await asyncio.gather(*(drive.again() for drive in drives if drive.name in asked))
            except Unavailable as error:
                _log.warning("letters wait: %s", error)
            await bell.wait(seen, _LOOK)

    def _asked(self) -> list[str]:
        with self._db.read() as tx:
            return letters.waiting(tx)

    async def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work that runs as long as this process is the relay, started again after a fault."""
        failures = 0
        while True:
            try:
                await work()
                return
            except LeaseLost:
                raise
            except Exception:  # noqa: BLE001 - its fault must not stop the others
                _log.exception("what runs beside %s failed and is started again", name)
            failures += 1
            await asyncio.sleep(self._settings.delay(failures))

    async def _sweep(self) -> None:
        settings = self._settings
        names = [consumer.name for consumer in self._consumers]
        while True:
            await asyncio.sleep(settings.sweep)
            now = self._clock.now()
            try:
                forget = functools.partial(
                    numbering.forget,
                    before=now - round(settings.keep * SECOND),
                    probes_before=now - round(settings.keep_probes * SECOND),
                )
                self._figures.forgotten.inc(await self._thread(forget, self._db, names))
                await self._thread(self._forget_letters, now - round(settings.keep_parked * SECOND))
            except Unavailable as error:
                _log.warning("sweeping waits: %s", error)

    def _forget_letters(self, before: int) -> None:
        with self._db.begin() as tx:
            letters.forget(tx, before=before)

    async def _thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Blocking call beside the loop, on threads of our own so that nobody else's can hold it up."""
        work = functools.partial(call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
