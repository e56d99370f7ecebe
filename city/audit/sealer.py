"""The sealer: one process at a time chains what was noted, tells the witness, and lets go what is too old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from prometheus_client import CollectorRegistry

from city.audit import sealing
from city.audit.entries import CHAINS, PROTECTED
from city.audit.figures import Figures
from city.audit.seals import Sign
from city.audit.settings import Settings
from city.audit.witness import Witness
from city.db import Database, Lease
from city.errors import Failure, LeaseLost, Unavailable
from contracts.instants import DAY, SECOND
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
LEASE: Final = "audit"


class Sealer:
    """Every process that may be the sealer runs one. `sign`: keyed with what no database holds."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        settings: Settings,
        sign: Sign | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._troubles: dict[str, str] = {}  # chain → why it cannot be sealed
        self._followed: set[str] = set()  # chains whose witness has all that was there at the start
        self._db = db
        self._clock = clock
        self._settings = settings
        self._sign = sign
        self._figures = Figures(registry or CollectorRegistry())
        self._lease = Lease(db, LEASE, clock, seconds=settings.lease)
        self._witnesses = {chain: Witness(settings.witness, chain, clock=clock) for chain in CHAINS}
        self._swept = clock.monotonic() - settings.sweep  # a start sweeps at once
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="audit")

    @property
    def trouble(self) -> str:
        """Why a chain cannot be sealed; empty where all is well."""
        return next((trouble for trouble in self._troubles.values() if trouble), "")

    async def run(self) -> None:
        """Seal at intervals, for ever; gives the lease back when cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await loop.run_in_executor(self._pool, self.turn)
                await asyncio.sleep(self._settings.every)
        finally:
            # What the thread has under way uses connections: whoever closes the database must not meet it.
            self._pool.submit(self._give_back)
            await asyncio.shield(asyncio.to_thread(self._pool.shutdown))

    def turn(self) -> int:
        """Seal what there is in all chains, unless another process does; how many entries. Blocks."""
        try:
            done = sum(self._guarded(chain, self._seal) for chain in CHAINS)
            self._sweep()
        except (LeaseLost, Unavailable) as error:
            _log.warning("sealing waits: %s", error)
            return 0
        return done

    def _guarded(self, chain: str, work: Callable[[str], int]) -> int:
        try:
            done = work(chain)
        except (LeaseLost, Unavailable):
            raise  # it passes by itself
        except Failure as error:  # the file outside, or the key: someone must look
            self._tell(chain, str(error))
            return 0
        self._tell(chain, "")
        return done

    def _seal(self, chain: str) -> int:
        with self._db.read() as tx:
            oldest = sealing.oldest(tx, chain)
        age = 0 if oldest is None else max(0, self._clock.now() - oldest)
        self._figures.waiting.labels(chain).set(age / SECOND)
        if oldest is None and chain in self._followed:
            return 0
        done = 0
        while self._lease.take():
            self._witnesses[chain].follow(
                self._db
            )  # also what a killed one left; nothing is sealed before it
            self._followed.add(chain)
            count = sealing.seal(
                self._db,
                self._lease,
                chain,
                now=self._clock.now(),
                most=self._settings.most,
                sign=self._sign,
            )
            if not count:
                break
            self._figures.sealed.labels(chain).inc(count)
            done += count
        return done

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._swept < self._settings.sweep or not self._lease.take():
            return
        self._swept = now
        for chain in CHAINS:
            if not self._troubles.get(chain):  # a chain that someone must look at first keeps all it has
                self._guarded(chain, self._forget)

    def _forget(self, chain: str) -> int:
        days = self._settings.keep_protected if chain == PROTECTED else self._settings.keep
        now = self._clock.now()
        gone = sealing.forget(
            self._db, self._lease, chain, before=now - round(days * DAY), now=now, sign=self._sign
        )
        self._figures.gone.labels(chain).inc(gone)
        self._witnesses[chain].follow(self._db)
        return gone

    def _tell(self, chain: str, trouble: str) -> None:
        if trouble and trouble != self._troubles.get(chain):
            _log.error("nothing is sealed any more: %s", trouble)
        self._troubles[chain] = trouble
        self._figures.trouble.labels(chain).set(bool(trouble))

    def _give_back(self) -> None:
        try:
            self._lease.give_back()
        except Unavailable as error:
            _log.warning("the sealer's lease runs out by itself: %s", error)
