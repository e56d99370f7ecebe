"""Figures of the live job."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from analytics.values import Values
from runtime.metrics import SECONDS


class Metrics:
    """Registered once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.samples = Counter(
            "imm_analytics_samples",
            "Samples judged, from the feed or the store",
            ["source"],
            registry=registry,
        )
        self.judgements = Counter(
            "imm_analytics_judgements", "Judgements spooled", ["rule", "verdict"], registry=registry
        )
        self.holes = Counter("imm_analytics_holes", "Holes in the feed, read again", registry=registry)
        self.redone = Counter(
            "imm_analytics_redone",
            "Series judged anew, because samples came late or unseen",
            registry=registry,
        )
        self.unjudged = Gauge(
            "imm_analytics_unjudged",
            "Not judged since the start: samples too late or too old; episodes that wait for an alert's end",
            ["why"],
            registry=registry,
        )
        self.dropped = Counter("imm_analytics_dropped", "Writes left out of a full queue", registry=registry)
        self.waiting = Gauge("imm_analytics_waiting", "Writes that wait to be judged", registry=registry)
        self.behind = Gauge(
            "imm_analytics_behind_seconds", "Age of the newest sample judged", registry=registry
        )
        self.rules = Gauge("imm_analytics_rules", "Rules that judge", registry=registry)
        self.refused = Gauge(
            "imm_analytics_rules_refused",
            "1 while rule files are wrong, so that old rules go on",
            registry=registry,
        )
        self.busy = Histogram(
            "imm_analytics_seconds", "Time to judge one write", buckets=SECONDS, registry=registry
        )

    def count_unjudged(self, watches: Iterable[Values]) -> None:
        """Show what rules passed over."""
        late = old = episodes = 0
        for watch in watches:
            late, old, episodes = late + watch.overdue_samples, old + watch.old, episodes + watch.passed
        for why, count in (("late", late), ("old", old), ("open alert", episodes)):
            self.unjudged.labels(why).set(count)
