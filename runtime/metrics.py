"""Figures for Prometheus: each process makes one registry and passes it to its parts."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
SECONDS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)  # buckets of waiting times


def registry() -> CollectorRegistry:
    """New registry that already knows the process's memory, files and CPU time."""
    fresh = CollectorRegistry()
    ProcessCollector(registry=fresh)
    PlatformCollector(registry=fresh)
    return fresh


def exposition(figures: CollectorRegistry) -> bytes:
    """Text that Prometheus scrapes, of type CONTENT_TYPE."""
    return generate_latest(figures)
