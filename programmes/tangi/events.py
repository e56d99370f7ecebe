"""What TANGI tells, and what it hears: alerts become incidents, probes become times."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from city import outbox
from contracts.alerts import Alert
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused
from programmes.tangi import records
from programmes.tangi.model import PRIORITY, Entry, Incident, Kind, State
from programmes.tangi.probes import Probes
from programmes.tangi.tables import incidents
from runtime.clock import Clock
from runtime.ids import Factory

OPENED: Final = "incident.opened"
UPDATED: Final = "incident.updated"
CLOSED: Final = "incident.closed"
_ALERTS: Final = "/alerts"
_FIRING: Final = "firing"
_HEARD: Final = ("alert.firing", "alert.updated", "alert.acknowledged", "alert.resolved")


class Voice:
    """Tells what happened to an incident, in the transaction in which it happens."""

    def __init__(self, *, ids: Factory) -> None:
        self._ids = ids

    def tell(self, tx: Connection, kind: str, incident: Incident) -> None:
        """Append one event to the outbox."""
        event = outbox.event(
            kind,
            id=self._ids(),
            source="/tangi",
            subject=incident.number,
            time=incident.updated,
            data=msgspec.to_builtins(incident),
        )
        outbox.append(tx, event)


class Ear:
    """Hears alerts. Opens one incident a fingerprint, keeps it up to date, and never closes one by itself."""

    def __init__(self, *, clock: Clock, ids: Factory, voice: Voice, probes: Probes) -> None:
        self._clock = clock
        self._ids = ids
        self._voice = voice
        self._probes = probes

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
        new = Incident(
            id=self._ids(),
            number=records.number(tx, now),
            revision=1,
            state=State.RECEIVED,
            priority=PRIORITY[alert.severity],
            severity=alert.severity,
            site=alert.site,
            device=alert.device,
            title=alert.title,
            fingerprint=alert.fingerprint,
            alert=alert.id,
            alert_over=None,
            opened=now,
            updated=now,
        )
        records.add(tx, new)
        records.note(tx, new, self._entry(alert, Kind.OPENED, _FIRING))
        self._voice.tell(tx, OPENED, new)

    def _follow(self, tx: Connection, alert: Alert, what: str) -> None:
        known = records.find(tx, incidents.c.alert == alert.id)
        if known is not None and known.closed is None:
            over = alert.resolved or alert.updated if what == "resolved" else None
            self._renew(tx, known, alert, what, alert_over=over)

    def _renew(
        self, tx: Connection, known: Incident, alert: Alert, what: str, *, alert_over: int | None
    ) -> None:
        """Priority only rises by itself: what was urgent stays so until someone has looked."""
        priority = min(known.priority, PRIORITY[alert.severity])
        new = records.change(
            tx,
            known,
            updated=self._clock.now(),
            alert=alert.id,
            alert_over=alert_over,
            priority=priority,
            severity=alert.severity if priority != known.priority else known.severity,
        )
        records.note_again(tx, new, self._entry(alert, Kind.ALERT, what))
        self._voice.tell(tx, UPDATED, new)

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
