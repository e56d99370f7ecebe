"""How people act on alerts: contracts.alerts.Desk on the city's database."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import select

from alerts import records
from alerts.errors import Over
from alerts.means import BARE, Means
from alerts.model import lifecycle
from alerts.model.lifecycle import Outcome
from alerts.records import Entry
from alerts.tables import alerts, open_
from alerts.ward import Ward
from city import revisions
from city.db import Database
from contracts.alerts import Alert, Quiet, State
from contracts.errors import Refused
from contracts.instants import DAY
from contracts.judgements import Severity
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.logs import clean

LONGEST_SILENCE: Final = 30 * DAY
_BY: Final = 200  # characters
_NOTE: Final = 2_000


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts of a list: each given field must match."""

    states: tuple[State, ...] = ()
    severities: tuple[Severity, ...] = ()
    site: str = ""
    device: str = ""
    rule: str = ""
    group: str = ""
    quiet: tuple[Quiet, ...] = ()
    since: int = 0  # µs UTC; those that changed at or after it


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with its history, oldest first."""

    alert: Alert
    history: list[Entry]


class Desk:
    """Alerts and what people do with them. Calls block: use a thread. Raises Unavailable besides."""

    def __init__(self, db: Database, *, clock: Clock, ids: Factory, means: Means = BARE) -> None:
        self._db = db
        self._means = means
        self._clock = clock
        self._ids = ids

    def open(self, *, site: str = "", limit: int = 200) -> list[Alert]:
        """Alerts that fire, worst and newest first; never probes."""
        query = select(alerts).where(open_, alerts.c.state == State.FIRING)
        if site:
            query = query.where(alerts.c.site == site)
        order = (alerts.c.rank, alerts.c.started.desc(), alerts.c.id.desc())
        with self._db.read() as tx:
            return records.rows(tx, query.order_by(*order).limit(limit))

    def page(self, filters: Filters, *, after: str = "", limit: int = 100) -> list[Alert]:
        """Alerts newest first, after the one with this id; never probes nor what has not fired."""
        query = select(alerts).where(alerts.c.probe.is_(False), alerts.c.fired.is_not(None))
        for column, wanted in (
            (alerts.c.state, filters.states),
            (alerts.c.severity, filters.severities),
            (alerts.c.quiet, filters.quiet),
        ):
            if wanted:
                query = query.where(column.in_(wanted))
        for column, text in (
            (alerts.c.site, filters.site),
            (alerts.c.device, filters.device),
            (alerts.c.rule, filters.rule),
            (alerts.c.group, filters.group),
        ):
            if text:
                query = query.where(column == text)
        if filters.since:
            query = query.where(alerts.c.updated >= filters.since)
        if after:
            query = query.where(alerts.c.id < after)
        with self._db.read() as tx:
            return records.rows(tx, query.order_by(alerts.c.id.desc()).limit(limit))

    def get(self, alert: str) -> Alert:
        """One alert. Raises Unknown."""
        with self._db.read() as tx:
            return records.get(tx, alert)

    def told(self, alert: str) -> Told:
        """One alert with its history. Raises Unknown."""
        with self._db.read() as tx:
            return Told(alert=records.get(tx, alert), history=records.entries(tx, alert))

    def acknowledge(self, alert: str, *, by: str, note: str = "", seen: int | None = None) -> Alert:
        """Someone has it in hand; twice is the same as once. Raises Unknown, Refused, Outdated.

        `seen`: the revision that he who acts has before him.
        """
        by, note = _text("by", by, _BY), _text("note", note, _NOTE, least=0)
        now = self._clock.now()
        with self._db.begin() as tx:
            ward = Ward(tx, now=now, ids=self._ids, means=self._means)
            known = records.get(tx, alert, lock=True)
            revisions.check("alert", alert, seen=seen, now=known.revision)
            step = ward.acknowledge(known, by=by, note=note)
            ward.close()
        return step.alert or known

    def silence(self, alert: str, *, by: str, until: int, reason: str, seen: int | None = None) -> Alert:
        """No notification until an instant (µs UTC) or its end. Raises as acknowledge does, and Over."""
        by, reason = _text("by", by, _BY), _text("reason", reason, _NOTE)
        now = self._clock.now()
        if not now < until <= now + LONGEST_SILENCE:
            raise Refused("until", until, "an instant from now on, at most 30 days ahead")
        with self._db.begin() as tx:
            ward = Ward(tx, now=now, ids=self._ids, means=self._means)
            known = records.get(tx, alert, lock=True)
            revisions.check("alert", alert, seen=seen, now=known.revision)
            step = lifecycle.silence(known, until=until, now=now)
            if step.outcome is Outcome.OVER:
                raise Over(alert)
            step = ward.keep(step, before=known, by=by, note=reason)
            ward.later("alert", alert, due=until)
            ward.close()
        return step.alert or known


def _text(field: str, text: str, most: int, *, least: int = 1) -> str:
    tidy = clean(text.strip(), most + 1)
    if not least <= len(tidy) <= most:
        raise Refused(field, text, f"{least} to {most} characters")
    return tidy
