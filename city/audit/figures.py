"""The audit trail's figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Figures:
    """Counts of one sealer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by = ["chain"]
        self.sealed = Counter("imm_audit_sealed", "Entries put under a seal", by, registry=registry)
        self.gone = Counter("imm_audit_forgotten", "Entries let go after their time", by, registry=registry)
        self.waiting = Gauge(
            "imm_audit_waiting_seconds", "Age of the oldest entry without a seal", by, registry=registry
        )
        self.trouble = Gauge("imm_audit_trouble", "1 where the chain cannot be sealed", by, registry=registry)
