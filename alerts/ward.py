"""One transaction in which alerts change: what stands beside them, and what follows for others.

Whoever changes alerts has the ward first, one at a time: an alert that begins to fire and the silence or the
cause that would hide it cannot miss each other. On SQLite the one writer sees to that by itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection, select, text

from alerts import records
from alerts.groups.ledger import Ledger
from alerts.means import BARE, Means
from alerts.model import lifecycle
from alerts.model.lifecycle import Outcome, Step
from alerts.quiet import ending, reach
from alerts.quiet import records as silences
from alerts.quiet.scene import Scene
from alerts.tables import alerts, open_
from city.schedule import Clock
from city.schedule.opaque import Value
from contracts.alerts import Alert, Quiet, State
from contracts.instants import SECOND
from runtime.ids import Factory

TEND: Final = "alerts.tend"  # kind of the clocks that go on with what was too much for one transaction
AT_ONCE: Final = 500  # alerts looked at in one transaction
ALERTS: Final = "/alerts"  # by whom, where nobody did it
_ALONE: Final = text("SELECT pg_advisory_xact_lock(4950151)")


def enter(tx: Connection) -> None:
    """Have the ward until the transaction ends."""
    if tx.dialect.name != "sqlite":
        tx.execute(_ALONE)


class Ward:
    """Keeps what changes in one transaction. Call `close` before it ends."""

    def __init__(self, tx: Connection, *, now: int, ids: Factory, means: Means = BARE) -> None:
        enter(tx)
        self._tx = tx
        self._pen = records.Pen(tx, ids)
        self._now = now
        self._ids = ids
        self._means = means
        settings = means.settings
        self.groups = Ledger(tx, now=now, ids=ids, rules=settings.groupings, storm=settings.storm)
        self._causes: dict[str, Alert] = {}  # that began or ceased to hide others
        self._freed: set[str] = set()  # silences of which an alert has resolved

    @cached_property
    def scene(self) -> Scene:
        """What is true now; looked up once."""
        rules = self._means.settings.inhibitions
        self._pen.flush()
        return Scene(
            now=self._now,
            silences=tuple(silences.living(self._tx, self._now)),
            sources=tuple(reach.causes(self._tx, rules)),
            inhibitions=rules,
            roster=self._means.roster,
        )

    def keep(self, step: Step, *, before: Alert | None, by: str, note: str = "") -> Step:
        """Write what a step changed, with what stands beside it; the step as it was written."""
        alert = step.alert
        if alert is None or alert.probe:
            self._pen.keep(step, by=by, note=note)
            return step
        if alert.state is State.FIRING and step.outcome is not Outcome.ACKNOWLEDGED:
            alert = lifecycle.with_beside(alert, self.scene.beside(alert), before=before)
            if not alert.group:
                alert = replace(alert, group=self.groups.join(alert))
            alert = self._sparing(alert, before)
            note = note or self._why(alert)[1]
        return self._write(step.outcome, alert, before, by=by, note=note)

    def look(self, alert: Alert) -> Step:
        """Let an alert that fires have what is true now beside it."""
        step = lifecycle.set_beside(alert, self.scene.beside(alert), now=self._now)
        if step.alert is None:
            return step
        new = self._sparing(step.alert, alert)
        by, note = self._why(new)
        return self._write(lifecycle.outcome(new.quiet), new, alert, by=by, note=note)

    def acknowledge(self, alert: Alert, *, by: str, note: str) -> Step:
        """Someone has it in hand."""
        step = lifecycle.acknowledge(alert, by=by, now=self._now)
        return self.keep(step, before=alert, by=by, note=note)

    def tend(self, scope: str, of: str, after: str = "") -> None:
        """Look at the alerts that a silence, a cause or an alert's own silence is about, a few at a time.

        What is left is done by a clock; without clocks at once. Of a group: end it where nothing fires, or
        acknowledge all that does (`acknowledge`).
        """
        if scope == "group":
            self.groups.over(of)
            return
        if scope == "calm":
            self._settle(of)
            return
        group = self.groups.get(of) if scope == "acknowledge" else None
        if group is not None and group.acknowledged is None:
            return  # it has become worse since: that wants another look
        while True:
            self._pen.flush()
            which = reach.firing(self._tx, scope, of, self._means.settings.inhibitions)
            query = select(alerts).where(which, alerts.c.id > after).order_by(alerts.c.id)
            query = query.limit(AT_ONCE).with_for_update()
            found = records.rows(self._tx, query)
            for alert in found:
                if group is None:
                    self.look(alert)
                else:
                    self.acknowledge(alert, by=group.acknowledged_by, note=group.note)
            if len(found) < AT_ONCE:
                return
            after = found[-1].id
            if self._means.clocks is not None:
                self.later(scope, of, due=self._now, after=after)
                return

    def later(self, scope: str, of: str, *, due: int, after: str = "") -> None:
        """Have `tend` done at an instant, where there are clocks."""
        if self._means.clocks is not None:
            payload: dict[str, Value] = {"scope": scope, "of": of, "after": after}
            self._means.clocks.set(self._tx, Clock(kind=TEND, key=f"{scope}/{of}", due=due, payload=payload))

    def close(self) -> None:
        """Do what follows for other alerts and for silences."""
        self._pen.flush()
        while self._causes:
            id_, _ = self._causes.popitem()
            self.tend("cause", id_)
        for silence in sorted(self._freed):
            self._lapse(silence)
        self._pen.flush()
        linger = round(self._means.settings.linger * SECOND)
        for group in self.groups.empty():
            if linger and self._means.clocks is not None:
                self.later("group", group, due=self._now + linger)
            else:
                self.groups.over(group)
        self.groups.close()

    def _settle(self, alert: str) -> None:
        """End an alert that flapped, where it has been calm."""
        known = records.get(self._tx, alert, lock=True)
        calm = round(self._means.settings.flap.calm * SECOND)
        self.keep(lifecycle.settle(known, now=self._now, calm=calm), before=known, by=ALERTS)

    def _sparing(self, alert: Alert, before: Alert | None) -> Alert:
        """An alert of which people would be told now for the first time, or its group in its place."""
        first = alert.told is not None and (before is None or before.told is None)
        if not first or self.groups.may_tell(alert):
            return alert
        return replace(alert, told=None, grouped=True, quiet=Quiet.GROUPED)

    def _write(self, outcome: Outcome, alert: Alert, before: Alert | None, *, by: str, note: str) -> Step:
        step = Step(outcome=outcome, alert=alert)
        was = before.told if before is not None else None
        first = (was is None and alert.told is not None) if alert.state is State.FIRING else None
        self._pen.keep(step, by=by, note=note, first=first)
        rules = self._means.settings.inhibitions
        if outcome in _TURNS and any(rule.causes(alert) for rule in rules):
            self._causes[alert.id] = alert
            self.__dict__.pop("scene", None)
        if outcome is Outcome.CALMER:
            self.later("calm", alert.id, due=self._now + round(self._means.settings.flap.calm * SECOND))
        if outcome is Outcome.RESOLVED and before is not None and before.silence:
            self._freed.add(before.silence)
        self.groups.moved(before, alert)
        return step

    def _why(self, alert: Alert) -> tuple[str, str]:
        """Who keeps it quiet, and why, as the history tells it."""
        if alert.quiet is None:
            return ALERTS, ""
        if alert.maintenance_until is not None:
            entry = self._means.roster.get(alert.device) if self._means.roster else None
            reasons = (
                [one.reason for one in entry.maintenance if one.end == alert.maintenance_until]
                if entry
                else []
            )
            return ALERTS, "; ".join(filter(None, reasons))
        if alert.inhibited_by:
            return ALERTS, f"alert {alert.inhibited_by}"
        if alert.quiet is Quiet.GROUPED:
            return ALERTS, f"group {alert.group}"
        found = [one for one in self.scene.silences if one.id == alert.silence]
        return (found[0].by, found[0].reason) if found else (ALERTS, "")

    def _lapse(self, silence: str) -> None:
        """End a silence that was to last until all has resolved, where all has."""
        found = silences.get(self._tx, silence, lock=True)
        if not found.until_resolved or found.ended is not None:
            return
        held = select(alerts.c.id).where(open_, alerts.c.quiet.is_not(None), alerts.c.silence == silence)
        if self._tx.execute(held.limit(1)).first() is None:
            ending.end(self._tx, found, by=ALERTS, now=self._now, ids=self._ids, clocks=self._means.clocks)


_TURNS: Final = {Outcome.FIRED, Outcome.RESOLVED}
