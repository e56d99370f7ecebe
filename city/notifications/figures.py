"""The notices' figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from city.schedule.figures import LATE


class Figures:
    """Counts of the process that sends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "imm_notices_sent", "Messages that a gateway took", ["channel", "provider"], registry=registry
        )
        self.refused = Counter(
            "imm_notices_refused",
            "Attempts that a gateway did not take",
            ["channel", "provider"],
            registry=registry,
        )
        self.dead = Counter("imm_notices_dead", "Messages given up", ["channel"], registry=registry)
        self.delay = Histogram(
            "imm_notices_delay_seconds",
            "From when a message might go until a gateway took it",
            ["channel"],
            registry=registry,
            buckets=LATE,
        )
        self.resting = Gauge(
            "imm_notices_resting",
            "1 while a gateway is left alone after failures",
            ["provider"],
            registry=registry,
        )
