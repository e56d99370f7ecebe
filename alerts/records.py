"""Alerts in the database: each change is a row, a line of history and an event, in one transaction."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from alerts.errors import Unknown
from alerts.model.lifecycle import Outcome, Step
from alerts.tables import alerts, history
from city import outbox
from contracts.alerts import Alert
from contracts.cloudevents import CloudEvent
from contracts.judgements import Evidence, Severity
from runtime.ids import Factory

_EVENTS: Final = {
    Outcome.FIRED: "alert.firing",
    Outcome.UPDATED: "alert.updated",
    Outcome.SILENCED: "alert.updated",
    Outcome.INHIBITED: "alert.updated",
    Outcome.MAINTAINED: "alert.updated",
    Outcome.GROUPED: "alert.updated",
    Outcome.RELEASED: "alert.updated",
    Outcome.ACKNOWLEDGED: "alert.acknowledged",
    Outcome.RESOLVED: "alert.resolved",
}  # raised and withdrawn: nobody hears of what never fired
_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
_FIELDS: Final = Alert.__struct_fields__


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an alert's history."""

    revision: int
    time: int  # µs UTC
    outcome: Outcome
    severity: Severity
    by: str  # person, or producer of the judgement
    note: str
    evidence: Evidence | None = None  # where it changed


def rows(tx: Connection, query: Select[Any]) -> list[Alert]:
    """Alerts that a query over the table finds."""
    return [_alert(row) for row in tx.execute(query)]


def get(tx: Connection, alert: str, *, lock: bool = False) -> Alert:
    """One alert, held until the transaction ends where it is to change. Raises Unknown."""
    query = select(alerts).where(alerts.c.id == alert)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Unknown(alert)
    return _alert(row)


def entries(tx: Connection, alert: str, *, limit: int = 1_000) -> list[Entry]:
    """History of an alert, oldest first: the newest `limit` lines."""
    query = select(history).where(history.c.alert == alert).order_by(history.c.id.desc()).limit(limit)
    return [_entry(row) for row in reversed(tx.execute(query).all())]


class Pen:
    """Writes what steps changed, and tells of it, many at once. Nothing is read before it is flushed."""

    def __init__(self, tx: Connection, ids: Factory) -> None:
        """`ids` gives each event its id."""
        self._tx = tx
        self._ids = ids
        self._clear()

    def _clear(self) -> None:
        self._new: list[dict[str, Any]] = []
        self._fired: list[dict[str, Any]] = []  # known before, and others hear of them from now on
        self._changed: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._events: dict[bool, list[CloudEvent]] = {False: [], True: []}  # probes apart

    def keep(self, step: Step, *, by: str, note: str = "", first: bool | None = None) -> None:
        """Write one step.

        `first`: whether people are told of it with this step, and were not before; None: where it fired.
        """
        alert = step.alert
        if alert is None:
            return
        told = msgspec.to_builtins(alert)
        values = told | {"rank": _RANKS[alert.severity]}
        fires = step.outcome is Outcome.FIRED
        if alert.revision == 1:
            self._new.append(values | {"fired": alert.updated if fires else None})
        elif fires:
            self._fired.append(values | {"of": alert.id, "fired": alert.updated})
        else:
            self._changed.append(values | {"of": alert.id})
        self._lines.append(
            {
                "alert": alert.id,
                "revision": alert.revision,
                "time": alert.updated,
                "outcome": step.outcome,
                "severity": alert.severity,
                "by": by,
                "note": note,
                "evidence": values["evidence"] if step.outcome in _JUDGED else None,
            }
        )
        if step.outcome in _EVENTS or first:
            event = outbox.event(
                _kind(step.outcome, first=first),
                id=self._ids(),
                source="/alerts",
                subject=alert.id,
                time=alert.updated,
                data=told,
            )
            self._events[alert.probe].append(event)

    def flush(self) -> None:
        """Have all of it in the transaction."""
        if self._new:
            self._tx.execute(insert(alerts), self._new)
        for rows_ in (self._fired, self._changed):
            if rows_:
                self._tx.execute(update(alerts).where(alerts.c.id == bindparam("of")), rows_)
        if self._lines:
            self._tx.execute(insert(history).inline(), self._lines)  # nobody asks for the rows' ids
        for probe, events in self._events.items():
            if events:
                outbox.append(self._tx, *events, probe=probe)
        self._clear()


def _kind(outcome: Outcome, *, first: bool | None) -> str:
    """`alert.firing` once, when people are told; `alert.held` of what fires and is quiet."""
    if first:
        return "alert.firing"
    return "alert.held" if outcome is Outcome.FIRED and first is False else _EVENTS[outcome]


_JUDGED: Final = {Outcome.RAISED, Outcome.FIRED, Outcome.UPDATED}


def _alert(row: Row[Any]) -> Alert:
    values = row._mapping  # noqa: SLF001 - public by its documentation
    return msgspec.convert({field: values[field] for field in _FIELDS}, Alert)


def _entry(row: Row[Any]) -> Entry:
    return msgspec.convert({field: getattr(row, field) for field in Entry.__struct_fields__}, Entry)
