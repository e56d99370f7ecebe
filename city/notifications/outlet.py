"""One gateway at work: with threads and limits of its own, and left alone for a while when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from city.notifications.errors import Away
from city.notifications.figures import Figures
from city.notifications.model import Message
from city.notifications.providers.port import Provider
from city.notifications.settings import Settings
from runtime.clock import Clock


class Outlet:
    """Shared by whoever sends in this process; what a slow one holds up is its own threads."""

    def __init__(self, provider: Provider, *, clock: Clock, figures: Figures, settings: Settings) -> None:
        self.name = provider.name
        self.channel = provider.channel
        self.addressed = provider.addressed
        self.at_once = provider.at_once
        self._provider = provider
        self._clock = clock
        self._figures = figures
        self._settings = settings
        self._slots = asyncio.Semaphore(provider.at_once)
        self._pool = ThreadPoolExecutor(provider.at_once, thread_name_prefix=f"notices {provider.name}")
        self._lock = threading.Lock()
        self._hanging = 0  # messages that took longer than the limit and still do
        self._failures = 0  # in a row
        self._rests_until = 0.0  # monotonic
        self._next = 0.0  # monotonic; when the next message may begin
        figures.resting.labels(provider.name).set(0)

    @property
    def resting(self) -> bool:
        """Whether it is left alone for now."""
        return self._clock.monotonic() < self._rests_until

    async def send(self, message: Message, address: str) -> None:
        """Hand one message over. Raises Away, Undeliverable."""
        await self._slot()
        try:
            await asyncio.sleep(self._pace())
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._pool, self._provider.send, message, address)
        except BaseException:  # also a cancel: the slot is another's then
            self._slots.release()
            raise
        # A thread that hangs keeps its slot: no more than so many ever wait for this gateway.
        future.add_done_callback(lambda _: self._slots.release())
        await asyncio.wait({future}, timeout=self._provider.limit)
        if not future.done():
            self._hanging += 1
            future.add_done_callback(self._hangs_no_more)
            raise self._failed(Away(f"took longer than {self._provider.limit:g} s"))
        try:
            future.result()
        except Away as away:
            raise self._failed(away) from None
        self._took()

    async def _slot(self) -> None:
        """Wait for one of its slots, as long as somebody may give one back. Raises Away."""
        while self._hanging < self.at_once:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._slots.acquire(), self._provider.limit)
                if not self.resting:
                    return
                self._slots.release()
                raise Away(f"{self.name} is left alone for a while", fault=False)
        raise self._failed(Away("all that it was given hangs"))

    def _hangs_no_more(self, future: asyncio.Future[None]) -> None:
        self._hanging -= 1
        if not future.cancelled():
            future.exception()  # nobody waits for the answer any more

    def send_now(self, message: Message, address: str) -> None:
        """The same on the caller's own thread: blocks. Raises Away, Undeliverable."""
        try:
            self._provider.send(message, address)
        except Away as away:
            raise self._failed(away) from None
        self._took()

    def close(self) -> None:
        """Let go of its threads; one that hangs ends with its gateway's limit."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _pace(self) -> float:
        """Seconds until the next message may begin, where the gateway wants them slowly."""
        if not self._provider.per_minute:
            return 0.0
        with self._lock:
            now = self._clock.monotonic()
            begin = max(now, self._next)
            self._next = begin + 60.0 / self._provider.per_minute
            return begin - now

    def _took(self) -> None:
        with self._lock:
            self._failures = 0
        self._figures.sent.labels(self.channel, self.name).inc()
        self._figures.resting.labels(self.name).set(0)

    def _failed(self, away: Away) -> Away:
        self._figures.refused.labels(self.channel, self.name).inc()
        if away.fault:
            with self._lock:
                self._failures += 1
                if (
                    self._failures >= self._settings.trips
                ):  # it stays so: after its rest one more failure is enough
                    self._rests_until = self._clock.monotonic() + self._settings.rest
                    self._figures.resting.labels(self.name).set(1)
        return away
