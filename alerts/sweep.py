"""What time alone does to alerts: pending ones ripen, old ones go."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, select

from alerts import records
from alerts.model import lifecycle
from alerts.settings import Settings
from alerts.tables import alerts, history, judgements, marks, refused
from city.db import Database
from city.errors import Unavailable
from contracts.alerts import State
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 1_000  # rows in one transaction, so that no writer waits long


async def run(db: Database, clock: Clock, ids: Factory, settings: Settings) -> None:
    """Sweep for ever; more often where findings must last before they fire."""
    pause = min(settings.sweep, max(1.0, settings.hold)) if settings.hold else settings.sweep
    while True:
        try:
            if settings.hold:
                await asyncio.to_thread(
                    ripen, db, now=clock.now(), hold=round(settings.hold * SECOND), ids=ids
                )
            await asyncio.to_thread(forget, db, now=clock.now(), settings=settings)
        except Unavailable as error:
            _log.warning("sweeping alerts waits: %s", error)
        await asyncio.sleep(pause)


def ripen(db: Database, *, now: int, hold: int, ids: Factory) -> int:
    """Fire pending alerts that have lasted for `hold` (µs); how many."""
    due = select(alerts).where(alerts.c.state == State.PENDING, alerts.c.started <= now - hold)
    with db.begin() as tx:
        pending = records.rows(tx, due.order_by(alerts.c.id).limit(_AT_ONCE).with_for_update())
        for alert in pending:
            records.keep(tx, lifecycle.ripen(alert, now=now, hold=hold), by="alerts", ids=ids)
    return len(pending)


def forget(db: Database, *, now: int, settings: Settings) -> int:
    """Delete what has been kept long enough; how many rows. Open alerts stay however old they are."""
    old = now - round(settings.keep * SECOND)
    repeats = now - round(settings.keep_judgements * SECOND)
    probes = now - round(settings.keep_probes * SECOND)
    over = (alerts.c.state == State.RESOLVED) & (alerts.c.updated < old)
    probed = alerts.c.probe.is_(True) & (alerts.c.updated < probes)
    gone = _alerts(db, over | probed)
    seen = judgements.c.received < repeats
    gone += _rows(db, judgements, seen | (judgements.c.probe.is_(True) & (judgements.c.received < probes)))
    gone += _rows(db, refused, refused.c.received < repeats)
    living = select(alerts.c.fingerprint).where(alerts.c.state != State.RESOLVED)
    return gone + _rows(db, marks, (marks.c.touched < old) & marks.c.fingerprint.not_in(living))


def _alerts(db: Database, which: ColumnElement[bool]) -> int:
    gone = 0
    while True:
        with db.begin() as tx:
            found = tx.execute(select(alerts.c.id).where(which).limit(_AT_ONCE)).scalars().all()
            tx.execute(delete(history).where(history.c.alert.in_(found)))
            tx.execute(delete(alerts).where(alerts.c.id.in_(found)))
        gone += len(found)
        if len(found) < _AT_ONCE:
            return gone


def _rows(db: Database, table: Table, which: ColumnElement[bool]) -> int:
    key = table.primary_key.columns[0]
    gone = 0
    while True:
        with db.begin() as tx:
            count = tx.execute(
                delete(table).where(key.in_(select(key).where(which).limit(_AT_ONCE)))
            ).rowcount
        gone += count
        if count < _AT_ONCE:
            return gone
