"""Fires clocks in any number of processes at once: each clock has one transaction that may take it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry

from city.db import Database
from city.db.listen import listen
from city.errors import Unavailable
from city.schedule.clocks import SET, Clocks
from city.schedule.errors import WrongHandlers
from city.schedule.figures import Figures
from city.schedule.firing import Firing
from city.schedule.handlers import Handler
from city.schedule.settings import Settings
from contracts.instants import SECOND
from runtime.clock import Clock as Time

_log: Final = logging.getLogger(__name__)
T = TypeVar("T")


class Runner:
    """One process's part in firing clocks; `trouble` says what holds it up."""

    def __init__(
        self,
        db: Database,
        clocks: Clocks,
        handlers: Sequence[Handler],
        *,
        time: Time,
        registry: CollectorRegistry | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Raises WrongHandlers."""
        by_kind = {handler.kind: handler for handler in handlers}
        if len(by_kind) != len(handlers):
            kinds = [handler.kind for handler in handlers]
            raise WrongHandlers(sorted({kind for kind in kinds if kinds.count(kind) > 1}))
        self.trouble = ""
        self._db = db
        self._time = time
        self._settings = settings or Settings()
        self._figures = Figures(registry or CollectorRegistry())
        self._firing = Firing(db, time, clocks, by_kind, self._figures, self._settings)
        self._bell = db.bell(SET)
        self._pool = ThreadPoolExecutor(self._settings.at_once + 1, thread_name_prefix="clocks")
        self._busy: set[str] = set()  # kinds that have their turn
        self._resting: dict[str, float] = {}  # kind → monotonic time before which it is left alone
        self._away = 0  # times in a row that the database did not answer

    async def run(self) -> None:
        """Fire clocks for ever."""
        try:
            await self._until_kept()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(listen(self._db, [SET]), name="clocks notifications")
                while True:
                    await self._round(tasks)
        finally:
            # What a thread has under way uses connections: whoever closes the database next must not meet it.
            await asyncio.shield(asyncio.to_thread(self._pool.shutdown))

    async def _until_kept(self) -> None:
        while True:
            if await self._asked(self._firing.keep):
                return
            await asyncio.sleep(self._settings.delay(self._away))

    async def _round(self, tasks: asyncio.TaskGroup) -> None:
        """Look once, give each kind that has something due a turn, and wait for the next reason to look."""
        seen = self._bell.count
        wakes: dict[str, int] = {}

        def look() -> None:
            wakes.update(self._firing.earliest())

        if not await self._asked(look):
            await asyncio.sleep(self._settings.delay(self._away))
            return
        now = self._time.now()
        oldest = min(wakes.values(), default=now)
        self._figures.behind.set(max(0, now - oldest) / SECOND)
        wait = self._settings.poll
        for kind, wake in sorted(wakes.items(), key=lambda item: item[1]):
            if kind in self._busy:
                continue
            left = max((wake - now) / SECOND, self._resting.get(kind, 0.0) - self._time.monotonic())
            if left > 0:
                wait = min(wait, left)
            elif len(self._busy) < self._settings.at_once:
                self._busy.add(kind)
                tasks.create_task(self._turn(kind), name=f"clocks {kind}")
        await self._bell.wait(seen, wait)

    async def _turn(self, kind: str) -> None:
        """Fire what is due of one kind; the loop looks again afterwards."""
        try:
            tally = await self._thread(lambda: self._firing.fire(kind))
            self._resting.pop(kind, None)
            self.trouble = ""
            if not tally.seen:  # another process has them: looking again at once would only keep both busy
                self._resting[kind] = self._time.monotonic() + self._settings.turn
        except Unavailable as error:
            _log.warning("clocks of %s wait: %s", kind, error)
            self.trouble = str(error)
            self._resting[kind] = self._time.monotonic() + max(error.after, self._settings.first_delay)
        finally:
            self._busy.discard(kind)
            self._bell.ring()

    async def _asked(self, call: Callable[[], None]) -> bool:
        """Whether the database answered."""
        try:
            await self._thread(call)
        except Unavailable as error:
            self._away += 1
            if self._away == 1:
                _log.warning("clocks wait: %s", error)
            self.trouble = str(error)
            return False
        if self._away:
            self._away, self.trouble = 0, ""
        return True

    async def _thread(self, call: Callable[[], T]) -> T:
        """Blocking call beside the loop, on threads of our own so that nobody else's can hold it up."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)
