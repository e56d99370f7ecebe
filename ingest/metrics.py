"""Ingest's figures for Prometheus, counted by write, but for messages that no write is made for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.parcel import Reason
from runtime.metrics import SECONDS

_SIZES: Final = (1, 10, 100, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000)  # records in a write


class Metrics:
    """All of them; names start with `imm_ingest_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._messages = Counter(
            "imm_ingest_messages",
            "Messages by channel and by how their way ended",
            ["channel", "reason"],
            registry=registry,
        )
        self.records = Counter(
            "imm_ingest_records", "Samples, events and frames stored for the first time", registry=registry
        )
        self.bytes = Counter("imm_ingest_bytes", "Payload bytes of messages made durable", registry=registry)
        self.receipts = Counter("imm_ingest_receipts", "Receipts sent", registry=registry)
        self.receipts_lost = Counter(
            "imm_ingest_receipts_lost",
            "Receipts not sent since the connection broke; senders ask again",
            registry=registry,
        )
        self.write_seconds = Histogram(
            "imm_ingest_write_seconds", "Time of a store write", buckets=SECONDS, registry=registry
        )
        self.write_records = Histogram(
            "imm_ingest_write_records", "Samples in a store write", buckets=_SIZES, registry=registry
        )
        self.duplicates = Counter(
            "imm_ingest_duplicates",
            "Messages that the ledger had already; receipted again",
            registry=registry,
        )
        self.retries = Counter("imm_ingest_write_retries", "Store writes tried again", registry=registry)
        self.unsequenced = Counter(
            "imm_ingest_unsequenced",
            "Messages stored of clients that number nothing: no promise",
            registry=registry,
        )
        self.gathered = Gauge(
            "imm_ingest_gathered_messages", "Messages that wait for a store write", registry=registry
        )
        self.paused = Gauge("imm_ingest_paused", "1 while reading from the broker pauses", registry=registry)
        self.watermark = Gauge(
            "imm_ingest_watermark_seconds",
            "Newest sample time accepted, seconds since 1970",
            registry=registry,
        )

    def beside(self, lane: str) -> Metrics:
        """Those of a second worker of this process: counted together, what is a state apart."""
        other = copy.copy(self)
        other.gathered = Gauge(
            f"imm_ingest_{lane}_gathered_messages",
            "Messages of this lane that wait for a store write",
            registry=self._registry,
        )
        other.paused = Gauge(
            f"imm_ingest_{lane}_paused",
            "1 while reading this lane from the broker pauses",
            registry=self._registry,
        )
        other.watermark = Gauge(
            f"imm_ingest_{lane}_watermark_seconds",
            "Newest sample time accepted in this lane, seconds since 1970",
            registry=self._registry,
        )
        return other

    def message(self, channel: str, reason: Reason, count: int = 1) -> None:
        """Messages whose way ended so."""
        self._messages.labels(channel, reason.value).inc(count)

    def messages(self, reasons: Mapping[tuple[str, Reason], int]) -> None:
        """Those of a whole write."""
        for (channel, reason), count in reasons.items():
            self.message(channel, reason, count)
