"""Figures of alerts for Prometheus; probes are counted apart."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import SECONDS


class Metrics:
    """Counts of one intake."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.judgements = Counter(
            "imm_alerts_judgements",
            "Judgements by what came of them",
            ["outcome", "probe"],
            registry=registry,
        )
        self.waiting = Gauge("imm_alerts_waiting", "Judgements that wait to be written", registry=registry)
        self.commit = Histogram(
            "imm_alerts_commit_seconds", "Writing a batch of judgements", registry=registry, buckets=SECONDS
        )
        self.receipts_lost = Counter(
            "imm_alerts_receipts_lost",
            "Receipts that did not leave; the producer asks again",
            registry=registry,
        )
