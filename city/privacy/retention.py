"""Let go what may not be kept longer: one policy a kind of record, each contributed by its package."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, select

from city.audit import Entry, Trail
from city.db import Database, Lease
from city.errors import LeaseLost, Unavailable
from city.privacy.tables import records
from city.privacy.vault import Vault
from contracts.instants import DAY
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
LEASE: Final = "privacy.retention"
EXPIRED: Final = "expired"
_HELD: Final = 30.0  # seconds; longer than one batch takes
_AT_ONCE: Final = 100  # records in one transaction, so that no writer waits long


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long records of one kind are kept, on which ground, and how they go."""

    kind: str  # of the records: `tangi.report`
    days: float  # after the instant that `due` compares
    basis: str  # a code for the trail: `uu27-2022-16`, `perwali-12-2021`
    due: Callable[[Connection, int, int], Sequence[str]]  # before (µs UTC), at most so many → ids
    let_go: Callable[[Connection, str], None]  # delete or make anonymous one record, the vault's part too


def vault_policy(vault: Vault, *, kind: str, days: float, basis: str) -> Policy:
    """Policy of a kind that lies in the vault alone: what was not changed for so long is erased."""

    def due(tx: Connection, before: int, limit: int) -> Sequence[str]:
        query = select(records.c.record).where(
            records.c.kind == kind, records.c.changed < before, records.c.erased.is_(None)
        )
        return tx.execute(query.order_by(records.c.changed).limit(limit)).scalars().all()

    def let_go(tx: Connection, record: str) -> None:
        vault.erase(tx, kind, record)

    return Policy(kind=kind, days=days, basis=basis, due=due, let_go=let_go)


class Sweeper:
    """Every process that may sweep runs one; the one with the lease does it. `keep`: other days by kind."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        policies: Sequence[Policy],
        *,
        trail: Trail,
        keep: Mapping[str, float] | None = None,
        every: float = 3600.0,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._policies = policies
        self._trail = trail
        self._keep = keep or {}
        self._every = every
        self._lease = Lease(db, LEASE, clock, seconds=_HELD)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="privacy")
        self._gone = Counter(
            "imm_privacy_expired",
            "Records let go after their time",
            ["kind"],
            registry=registry or CollectorRegistry(),
        )

    async def run(self) -> None:
        """Sweep at intervals, for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await loop.run_in_executor(self._pool, self.turn)
                await asyncio.sleep(self._every)
        finally:
            # What the thread has under way uses connections: whoever closes the database must not meet it.
            await asyncio.shield(asyncio.to_thread(self._pool.shutdown))

    def turn(self) -> int:
        """Let go all that is due, unless another process does; how many records. Blocks."""
        done = 0
        for policy in self._policies:
            try:
                done += self._all(policy)
            except (LeaseLost, Unavailable) as error:
                _log.warning("what is too old waits: %s", error)
                break
            except Exception:  # noqa: BLE001 - one kind's fault must not keep the others too long
                _log.exception("records of %s could not be let go", policy.kind)
        return done

    def _all(self, policy: Policy) -> int:
        done, last = 0, frozenset[str]()
        while self._lease.take() and (gone := self._some(policy)):
            if gone <= last:
                raise RuntimeError(f"its hook lets nothing go: {min(gone)} is still due")
            done, last = done + len(gone), gone
        return done

    def _some(self, policy: Policy) -> frozenset[str]:
        before = self._clock.now() - round(self._keep.get(policy.kind, policy.days) * DAY)
        with self._db.read() as tx:
            if not policy.due(tx, before, 1):
                return frozenset()
        with self._db.begin() as tx:
            self._lease.guard(tx)
            due = policy.due(tx, before, _AT_ONCE)
            for record in due:
                policy.let_go(tx, record)
            self._trail.note(
                tx,
                *(
                    Entry(by="system", action=EXPIRED, kind=policy.kind, record=record, why=policy.basis)
                    for record in due
                ),
            )
        self._gone.labels(policy.kind).inc(len(due))
        return frozenset(due)
