"""Figures of webhooks for Prometheus; each receiver's own are with its subscription."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import SECONDS


class Figures:
    """Counts of one process that delivers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "imm_webhooks_attempts", "Requests to receivers", ["outcome"], registry=registry
        )
        self.parked = Counter("imm_webhooks_parked", "Events that became dead letters", registry=registry)
        self.disabled = Counter("imm_webhooks_disabled", "Subscriptions given up", registry=registry)
        self.active = Gauge("imm_webhooks_active", "Subscriptions that are told", registry=registry)
        self.failing = Gauge("imm_webhooks_failing", "Of these, whose receiver fails", registry=registry)
        self.behind = Gauge(
            "imm_webhooks_behind", "Positions between newest event and last receiver", registry=registry
        )
        self.delay = Histogram(
            "imm_webhooks_delay_seconds",
            "From an event's commit until a receiver took it",
            registry=registry,
            buckets=SECONDS,
        )
