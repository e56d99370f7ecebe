"""What is true at one instant of all that may keep an alert quiet, and what follows for one of them."""

from __future__ import annotations

import msgspec

from alerts.model.lifecycle import Beside
from alerts.quiet import inhibition
from alerts.quiet.inhibition import Inhibition
from alerts.quiet.matchers import hold, labels
from alerts.quiet.model import Silence, State
from contracts.alerts import Alert
from contracts.roster import Reader


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One instant."""

    now: int  # µs UTC
    silences: tuple[Silence, ...] = ()  # those that are active
    sources: tuple[Alert, ...] = ()  # that fire and may tell the cause of others
    inhibitions: tuple[Inhibition, ...] = ()
    roster: Reader | None = None

    def beside(self, alert: Alert) -> Beside:
        """What stands beside an alert that fires: silenced, inhibited, under maintenance, grouped."""
        silence, until = self._silenced(alert)
        return Beside(
            silence=silence,
            silenced_until=until,
            inhibited_by=inhibition.cause(self.inhibitions, self.sources, alert),
            maintenance_until=self._maintained(alert),
            grouped=alert.grouped,
        )

    def _silenced(self, alert: Alert) -> tuple[str, int | None]:
        """Its own silence stands until it lapses; then the longest of those that match."""
        own = alert.silenced_until
        if not alert.silence and own is not None and own > self.now:
            return "", own
        seen = labels(alert)
        found = [
            (one.ends, one.id)
            for one in self.silences
            if one.standing(self.now) is State.ACTIVE and hold(one.matchers, seen)
        ]
        if not found:
            return "", None
        ends, id_ = max(found)
        return id_, ends

    def _maintained(self, alert: Alert) -> int | None:
        """End of the window in which its device is being worked on; of several the last."""
        entry = self.roster.get(alert.device) if self.roster is not None and alert.device else None
        windows = entry.maintenance if entry is not None else ()
        return max((one.end for one in windows if one.start <= self.now < one.end), default=None)
