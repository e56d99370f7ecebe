"""Figures of presence for Prometheus."""

from __future__ import annotations

import collections

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from contracts.presence import State
from devices.presence.fleet import Fleet
from runtime import metrics


class Figures:
    """What a scrape of the process shows of presence."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tick = Histogram(
            "imm_presence_tick_seconds",
            "Time to weigh all devices",
            buckets=metrics.SECONDS,
            registry=registry,
        )
        self.findings = Counter(
            "imm_presence_findings", "Judgements of presence", ["verdict", "why"], registry=registry
        )
        self._devices = Gauge(
            "imm_presence_devices", "Devices by what is known of them", ["state"], registry=registry
        )
        self._stale = Gauge(
            "imm_presence_late_wills", "Last wills passed over: their device was back", registry=registry
        )

    def show(self, fleet: Fleet) -> None:
        """What is known now."""
        count = collections.Counter(track.state for track in fleet.tracks.values())
        for state in State:
            self._devices.labels(state.value).set(count[state])
        self._stale.set(fleet.stale)
