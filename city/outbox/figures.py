"""The outbox's figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import SECONDS


class Figures:
    """Counts of one relay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by = ["consumer"]
        self.leads = Gauge("imm_outbox_leads", "1 where this process is the relay", registry=registry)
        self.numbered = Counter("imm_outbox_numbered", "Events given a position", registry=registry)
        self.forgotten = Counter("imm_outbox_forgotten", "Events deleted after their time", registry=registry)
        self.taken = Counter("imm_outbox_taken", "Events that a consumer took", by, registry=registry)
        self.failed = Counter("imm_outbox_failed", "Attempts that failed", by, registry=registry)
        self.parked = Counter(
            "imm_outbox_parked", "Events given up after too many attempts", by, registry=registry
        )
        self.behind = Gauge("imm_outbox_behind", "Positions between head and cursor", by, registry=registry)
        self.delay = Histogram(
            "imm_outbox_delay_seconds",
            "From an event's commit until a consumer took it",
            by,
            registry=registry,
            buckets=SECONDS,
        )
