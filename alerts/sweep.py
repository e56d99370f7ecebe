"""What time alone does to alerts: pending ones ripen, old ones go."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, select

from alerts import records
from alerts.means import BARE, Means
from alerts.model import lifecycle
from alerts.rulebook.tables import findings
from alerts.settings import Settings
from alerts.tables import alerts, groups, history, judgements, marks, open_, refused, silences
from alerts.ward import ALERTS, Ward
from city.db import Database
from city.errors import Unavailable
from contracts.alerts import State
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 1_000  # rows in one transaction, so that no writer waits long


async def run(db: Database, clock: Clock, ids: Factory, settings: Settings, means: Means = BARE) -> None:
    """Sweep for ever; more often where findings must last before they fire."""
    pause = min(settings.sweep, max(1.0, settings.hold)) if settings.hold else settings.sweep
    while True:
        try:
            if settings.hold:
                hold = round(settings.hold * SECOND)
                await asyncio.to_thread(ripen, db, now=clock.now(), hold=hold, ids=ids, means=means)
            await asyncio.to_thread(look, db, now=clock.now(), ids=ids, means=means)
            await asyncio.to_thread(forget, db, now=clock.now(), settings=settings)
        except Unavailable as error:
            _log.warning("sweeping alerts waits: %s", error)
        await asyncio.sleep(pause)


def ripen(db: Database, *, now: int, hold: int, ids: Factory, means: Means = BARE) -> int:
    """Fire pending alerts that have lasted for `hold` (µs); how many."""
    due = select(alerts).where(alerts.c.state == State.PENDING, alerts.c.started <= now - hold)
    with db.begin() as tx:
        ward = Ward(tx, now=now, ids=ids, means=means)
        pending = records.rows(tx, due.order_by(alerts.c.id).limit(_AT_ONCE).with_for_update())
        for alert in pending:
            ward.keep(lifecycle.ripen(alert, now=now, hold=hold), before=alert, by=ALERTS)
        ward.close()
    return len(pending)


def look(db: Database, *, now: int, ids: Factory, means: Means = BARE) -> int:
    """Look again at alerts whose planned work or whose own silence is not as it was; how many."""
    entries = means.roster.list() if means.roster is not None else []
    working = {
        entry.device: max(one.end for one in entry.maintenance if one.start <= now < one.end)
        for entry in entries
        if entry.maintained(now)
    }
    columns = select(alerts.c.id, alerts.c.device, alerts.c.maintenance_until).where(open_)
    with db.read() as tx:
        lapsed = alerts.c.quiet.is_not(None) & (alerts.c.silenced_until <= now)
        found = set(tx.execute(columns.where(lapsed)).scalars())
        asked = [columns.where(alerts.c.quiet.is_not(None), alerts.c.maintenance_until.is_not(None))]
        names = list(working)
        parts = (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
        asked += [columns.where(alerts.c.device.in_(part)) for part in parts]
        for query in asked:
            rows = tx.execute(query)
            found |= {row.id for row in rows if working.get(row.device) != row.maintenance_until}
    wanted = sorted(found)
    for start in range(0, len(wanted), _AT_ONCE):
        with db.begin() as tx:
            ward = Ward(tx, now=now, ids=ids, means=means)
            query = select(alerts).where(open_, alerts.c.id.in_(wanted[start : start + _AT_ONCE]))
            for alert in records.rows(tx, query.order_by(alerts.c.id).with_for_update()):
                ward.look(alert)
            ward.close()
    return len(wanted)


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
    for table, which in (
        (refused, refused.c.received < repeats),
        (findings, findings.c.received < repeats),
        (silences, silences.c.ended < old),
        (groups, groups.c.closed < old),
    ):
        gone += _rows(db, table, which)
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
