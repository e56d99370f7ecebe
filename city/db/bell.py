"""A bell: rung by any thread, heard by every task that waits in any loop."""

from __future__ import annotations

import asyncio
import threading


class Bell:
    """Counts its rings, so that one between a look and a wait is not missed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._count = 0

    @property
    def count(self) -> int:
        """Rings so far: read it before looking, hand it to wait after."""
        return self._count

    def ring(self) -> None:
        """Wake everyone; from any thread."""
        with self._lock:
            self._count += 1
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            loop = future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)

    async def wait(self, seen: int, limit: float) -> bool:
        """Whether it rang since `seen`; waits for it at most `limit` seconds."""
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._count != seen:
                return True
            self._waiting.add(future)
        try:
            async with asyncio.timeout(limit):
                await future
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.discard(future)
        return True


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
