"""The clocks' figures for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import SECONDS

LATE: Final = (*SECONDS, 60.0, 300.0, 3_600.0, 86_400.0)  # after an outage a clock may be a day late


class Figures:
    """Counts of one process that fires clocks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by = ["kind"]
        self.fired = Counter("imm_clocks_fired", "Clocks that fired", by, registry=registry)
        self.late = Histogram(
            "imm_clocks_late_seconds",
            "From when a clock was due until it fired",
            by,
            registry=registry,
            buckets=LATE,
        )
        self.failed = Counter(
            "imm_clocks_failed", "Firings that failed and were undone", by, registry=registry
        )
        self.parked = Counter(
            "imm_clocks_parked", "Clocks given up after too many failures", by, registry=registry
        )
        self.behind = Gauge(
            "imm_clocks_behind_seconds",
            "Age of the oldest clock that is due and has not fired",
            registry=registry,
        )
