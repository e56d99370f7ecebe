"""What TANGI hears: alerts become incidents, probes become times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from contracts.alerts import Alert
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from programmes.tangi import records
from programmes.tangi.effects import Effects
from programmes.tangi.model import PRIORITY, Entry, Incident, Kind, State
from programmes.tangi.probes import Probes
from programmes.tangi.tables import incidents
from runtime.clock import Clock
from runtime.ids import Factory

_ALERTS: Final = "/alerts"
_FIRING: Final = "firing"
_HEARD: Final = ("alert.firing", "alert.updated", "alert.acknowledged", "alert.resolved")


class Ear:
    """Hears alerts. Opens one incident a fingerprint, keeps it up to date, and never closes one by itself."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Factory,
        effects: Effects,
        probes: Probes,
        units: Mapping[str, str],
    ) -> None:
        """`units`: site → unit that has its incidents in hand."""
        self._clock = clock
        self._ids = ids
        self._effects = effects
        self._probes = probes
        self._units = units

    def handler(self) -> outbox.Handler:
        """Consumer for the relay."""
        return outbox.Handler(name="tangi.alerts", types=_HEARD, probes=True, apply=self.hear)

    def hear(self, tx: Connection, event: CloudEvent) -> None:
        """Apply one `alert.*` event. Raises Refused where its data is no alert."""
        try:
            alert = msgspec.convert(event.data, Alert)
        except msgspec.ValidationError as error:
            raise Refused("data", event.data, str(error)) from None
        what = event.type.rpartition(".")[2]
        if alert.probe:
            if what == _FIRING:
                self._probes.arrived(tx, alert.id, sent=alert.started)
        elif what == _FIRING and alert.incident:
            self._fire(tx, alert)
        else:
            self._follow(tx, alert, what)

    def _fire(self, tx: Connection, alert: Alert) -> None:
        known = records.find(tx, incidents.c.claim == alert.fingerprint)
        if known is None:
            self._open(tx, alert)
        elif known.alert != alert.id:
            self._renew(tx, known, alert, _FIRING, alert_over=None)

    def _open(self, tx: Connection, alert: Alert) -> None:
        now = self._clock.now()
        priority = PRIORITY[alert.severity]
        new = Incident(
            id=self._ids(),
            number=records.number(tx, now),
            revision=1,
            state=State.RECEIVED,
            priority=priority,
            severity=alert.severity,
            site=alert.site,
            device=alert.device,
            title=alert.title,
            fingerprint=alert.fingerprint,
            alert=alert.id,
            alert_over=None,
            opened=now,
            updated=now,
            unit=self._units.get(alert.site, ""),
            due=self._effects.deadlines.due(now, priority),
        )
        records.add(tx, new)
        records.note(tx, new, self._entry(alert, Kind.OPENED, _FIRING))
        self._effects.opened(tx, new)

    def _follow(self, tx: Connection, alert: Alert, what: str) -> None:
        known = records.find(tx, incidents.c.alert == alert.id)
        if known is not None and known.closed is None:
            over = alert.resolved or alert.updated if what == "resolved" else None
            self._renew(tx, known, alert, what, alert_over=over)

    def _renew(
        self, tx: Connection, known: Incident, alert: Alert, what: str, *, alert_over: int | None
    ) -> None:
        """Priority only rises by itself: what was urgent stays so until someone has looked."""
        now = self._clock.now()
        priority = min(known.priority, PRIORITY[alert.severity])
        due = known.due
        if due is not None and priority != known.priority:
            due = min(due, self._effects.deadlines.due(now, priority))
        new = records.change(
            tx,
            known,
            updated=now,
            due=due,
            alert=alert.id,
            alert_over=alert_over,
            priority=priority,
            severity=alert.severity if priority != known.priority else known.severity,
        )
        records.note_again(tx, new, self._entry(alert, Kind.ALERT, what))
        self._effects.changed(tx, known, new)

    def _entry(self, alert: Alert, kind: Kind, what: str) -> Entry:
        by = alert.acknowledged_by if what == "acknowledged" else _ALERTS
        why = alert.evidence.why
        return Entry(
            time=self._clock.now(),
            kind=kind,
            by=by or _ALERTS,
            what=what,
            text=why if why.id or why.en else alert.title,
        )
