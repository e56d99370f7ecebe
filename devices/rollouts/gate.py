"""How the devices of a rollout fare: what its stages are let through by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from contracts.alerts import Desk
from contracts.instants import SECOND
from contracts.roster import Reader
from devices.commands.online import Online
from runtime.clock import Clock

_SETTLED: Final = 10 * SECOND  # after the start retained statuses have come; who has none by then is offline


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How one device fares."""

    online: bool | None  # None: not known yet
    since: int = 0  # µs UTC: since when, by our clock
    alert: str = ""  # of it, raised since the change; empty: none


class Gate(Protocol):
    """Asked about the devices that have the change. Blocks."""

    def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
        """Device → how it fares; of each is told since when alerts count (µs UTC)."""
        ...


class Watch:
    """By statuses on the broker, and by the alerts that are open."""

    def __init__(self, online: Online, roster: Reader, alerts: Desk | None, clock: Clock) -> None:
        self._online = online
        self._roster = roster
        self._alerts = alerts
        self._clock = clock
        self._began = clock.now()

    def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
        """Device → how it fares."""
        alerts = self._raised(devices)
        return {device: self._one(device, alerts.get(device, "")) for device in devices}

    def _one(self, device: str, alert: str) -> Health:
        seen = self._online.get(device)
        if seen is not None:
            return Health(online=seen.online, since=seen.came, alert=alert)
        early = self._clock.now() - self._began < _SETTLED
        return Health(online=None if early else False, since=self._began, alert=alert)

    def _raised(self, devices: Mapping[str, int]) -> dict[str, str]:
        """Device → title of an alert that it has raised since."""
        if self._alerts is None:
            return {}
        found: dict[str, str] = {}
        for site in self._sites(list(devices)):
            for alert in self._alerts.open(site=site, limit=1_000):
                if alert.device in devices and alert.started >= devices[alert.device]:
                    found.setdefault(alert.device, alert.title.en or alert.title.id)
        return found

    def _sites(self, devices: Sequence[str]) -> set[str]:
        entries = (self._roster.get(device) for device in devices)
        return {entry.site for entry in entries if entry}
