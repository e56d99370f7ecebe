"""Probes that arrived at the desk: how long the whole path takes, over the last hour."""

from __future__ import annotations

import math
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Histogram
from sqlalchemy import Connection, delete, func, insert, select

from city.db import Database
from contracts import instants
from programmes.tangi.tables import probes
from runtime.clock import Clock
from runtime.metrics import SECONDS

KEPT: Final = instants.HOUR
_MOST: Final = 20_000  # rows read for one answer; one a second makes 3,600 an hour


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """From device to desk, over the last hour."""

    count: int
    p50_ms: float | None  # None where no probe came
    p99_ms: float | None
    newest: int | None  # µs UTC at which the last one arrived


class Probes:
    """Keeps and reads the times of probes."""

    def __init__(self, db: Database, *, clock: Clock, registry: CollectorRegistry) -> None:
        self._db = db
        self._clock = clock
        self._seconds = Histogram(
            "imm_probe_seconds", "From a device's clock to the desk", buckets=SECONDS, registry=registry
        )

    def arrived(self, tx: Connection, probe: str, *, sent: int) -> None:
        """Keep one probe's time; the same one twice counts once. Forgets those older than an hour."""
        now = self._clock.now()
        if tx.execute(select(probes.c.id).where(probes.c.id == probe)).first() is not None:
            return
        tx.execute(insert(probes).values(id=probe, sent=sent, arrived=now))
        tx.execute(delete(probes).where(probes.c.arrived < now - KEPT))
        self._seconds.observe(max(0, now - sent) / instants.SECOND)

    def last_hour(self) -> Times:
        """Times of the last hour. Blocks: use a thread."""
        since = self._clock.now() - KEPT
        query = (
            select(probes.c.sent, probes.c.arrived)
            .where(probes.c.arrived >= since)
            .order_by(probes.c.arrived.desc())
            .limit(_MOST)
        )
        with self._db.read() as tx:
            rows = tx.execute(query).all()
        times = sorted((row.arrived - row.sent) / 1_000 for row in rows)
        return Times(
            count=len(times),
            p50_ms=_rank(times, 0.50),
            p99_ms=_rank(times, 0.99),
            newest=rows[0].arrived if rows else None,
        )


def newest(tx: Connection) -> int | None:
    """When the newest probe arrived (µs UTC), however long ago; None where none ever did."""
    return tx.execute(select(func.max(probes.c.arrived))).scalar()


def _rank(ordered: list[float], share: float) -> float | None:
    """Nearest-rank percentile: a time that really was measured."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
