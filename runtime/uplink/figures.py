"""The uplink's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runtime.spool import Spool
from runtime.uplink.plain import Figures


class Counters(Figures):
    """Counters by channel, and the state of the spool whenever somebody looks."""

    def __init__(self, registry: CollectorRegistry, spool: Spool) -> None:
        channel = ["channel"]
        self.sent = Counter("imm_uplink_sent", "Batches sent for the first time", channel, registry=registry)
        self.resent = Counter("imm_uplink_resent", "Batches sent again", channel, registry=registry)
        self.receipted = Counter("imm_uplink_receipted", "Batches named by a receipt", registry=registry)
        self.denied = Counter(
            "imm_uplink_denied", "Batches that the broker refused", channel, registry=registry
        )
        self.bad = Counter("imm_uplink_bad_receipts", "Receipts that could not be read", registry=registry)
        registry.register(_Look(spool))


class _Look(Collector):
    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def collect(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("imm_spool_batches", "Batches that wait for a receipt", labels=["lane"])
        for lane, count in self._spool.depth().items():
            depth.add_metric([lane.name.lower()], count)
        yield depth
        yield GaugeMetricFamily("imm_spool_bytes", "Bytes that they take", value=self._spool.size())
        yield GaugeMetricFamily("imm_spool_limit_bytes", "Bytes that they may take", value=self._spool.limit)
        shed = CounterMetricFamily("imm_spool_shed", "Batches given up and declared", labels=["channel"])
        for channel, count in self._spool.shed.items():
            shed.add_metric([channel], count)
        yield shed
