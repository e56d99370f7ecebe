"""How the devices of a rollout fare: what its stages are let through by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from contracts import presence, roster
from contracts.alerts import Desk
from contracts.presence import Presence, State
from devices.presence.wording import RULE
from runtime.clock import Clock

_FEW: Final = 20  # devices that are asked for one by one


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How one device fares."""

    state: State | None  # as presence judges; None: it does not know the device yet
    since: int = 0  # µs UTC: when it came into this state
    flapping: int = 0  # µs UTC: since when alerts knows that it comes and goes; 0: it does not
    maintained: bool = False  # planned work: what it does now says nothing
    alert: str = ""  # of it, raised since the change; empty: none

    @property
    def there(self) -> bool:
        """Whether it is connected, so that it can hear of a change."""
        return self.state in {State.ONLINE, State.LATE}

    @property
    def well(self) -> bool:
        """Whether it is there, and what comes of it tells something."""
        return self.state is State.ONLINE and not self.maintained


class Gate(Protocol):
    """Asked about the devices of a rollout. Blocks. Raises Unavailable."""

    def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
        """Device → how it fares; of each is told since when alerts count (µs UTC)."""
        ...


class Watch:
    """By what presence judges, and by the alerts that are open."""

    def __init__(
        self, present: presence.Reader, known: roster.Reader, alerts: Desk | None, clock: Clock
    ) -> None:
        self._present = present
        self._roster = known
        self._alerts = alerts
        self._clock = clock

    def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
        """Device → how it fares."""
        alerts = self._raised(devices)
        present = self._judged(devices)
        now = self._clock.now()
        return {
            device: self._one(device, present.get(device), alerts.get(device, ""), now) for device in devices
        }

    def _one(self, device: str, found: Presence | None, alert: str, now: int) -> Health:
        entry = self._roster.get(device)
        return Health(
            state=found.state if found else None,
            since=found.since if found else 0,
            flapping=found.raised if found and found.flapping else 0,
            maintained=entry is not None and entry.maintained(now),  # presence's row may be a minute old
            alert=alert,
        )

    def _judged(self, devices: Mapping[str, int]) -> dict[str, Presence]:
        if len(devices) <= _FEW:
            return {device: one for device in devices if (one := self._present.get(device))}
        return {one.device: one for one in self._present.list()}

    def _raised(self, devices: Mapping[str, int]) -> dict[str, str]:
        """Device → title of an alert that it has raised since."""
        if self._alerts is None:
            return {}
        found: dict[str, str] = {}
        for site in self._sites(list(devices)):
            for alert in self._alerts.open(site=site, limit=1_000):
                since = devices.get(alert.device)
                if since is None or alert.started < since or alert.rule == RULE:  # that tells of presence
                    continue
                found.setdefault(alert.device, alert.title.en or alert.title.id)
        return found

    def _sites(self, devices: Sequence[str]) -> set[str]:
        entries = (self._roster.get(device) for device in devices)
        return {entry.site for entry in entries if entry}
