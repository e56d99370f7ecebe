"""What all receivers' drives share in the process that delivers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, Final, ParamSpec, TypeVar

import httpx
from sqlalchemy import Connection

from city.db import Database, Lease
from city.errors import Unavailable
from city.outbox import backoff
from city.webhooks.figures import Figures
from city.webhooks.guard import Guard
from city.webhooks.settings import Settings
from city.webhooks.stream import Recent
from runtime.clock import Clock
from runtime.ids import Factory

_log: Final = logging.getLogger(__name__)
_THREADS: Final = 4
_FIRST: Final = 0.1  # seconds to wait for a database that is away
_MOST: Final = 5.0
P = ParamSpec("P")
T = TypeVar("T")


class Base:
    """Database, clock, settings, the newest events, and the requests that may be under way at once."""

    def __init__(
        self,
        db: Database,
        lease: Lease,
        *,
        clock: Clock,
        ids: Factory,
        guard: Guard,
        settings: Settings,
        figures: Figures,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.guard = guard
        self.settings = settings
        self.figures = figures
        self.tls = httpx.create_ssl_context(trust_env=False)
        if settings.ca is not None:
            self.tls.load_verify_locations(settings.ca)
        self.recent = Recent(0)
        self.extra = settings.extra  # requests that may yet be under way beyond one for each receiver
        self._db = db
        self._lease = lease
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhooks")

    async def read(
        self, call: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read beside the loop, however long the database is away."""

        def work() -> T:
            with self._db.read() as tx:
                return call(tx, *args, **kwargs)

        return await self._persist(work)

    async def write(
        self, call: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write beside the loop as the one that holds the lease, however long it takes. Raises LeaseLost."""

        def work() -> T:
            with self._db.begin() as tx:
                self._lease.guard(tx)
                return call(tx, *args, **kwargs)

        return await self._persist(work)

    async def close(self) -> None:
        """Wait for what threads have under way: it uses connections that others close next."""
        await asyncio.shield(asyncio.to_thread(self._pool.shutdown))

    async def _persist(self, work: Callable[[], T]) -> T:
        away = 0
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
            except Unavailable as error:
                away += 1
                if away == 1:
                    _log.warning("webhooks wait: %s", error)
                await asyncio.sleep(backoff.delay(away, first=_FIRST, most=_MOST))
