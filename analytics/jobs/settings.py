"""How the live job works."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Group `analytics` of the settings file."""

    rules: tuple[Path, ...] = (Path("deploy/rules/bima.yaml"),)  # files, and folders of such (*.yaml)
    reload: float = 2.0  # seconds between looks whether they have changed
    producer: str = "analytics"  # names this job in topics and judgements; unique among the jobs that run
    horizon: float = 26 * 3600.0  # seconds; older samples are history: a day's outage and its upload are news
    lateness: float = 600.0  # seconds before the very first start from which on samples are judged
    tick: float = 1.0  # seconds between looks at the clock
    checkpoint: float = 5.0  # seconds between saves of what is remembered
    relearn: float = 3600.0  # seconds between looks at the history
    recheck: float = 300.0  # seconds between looks at what the feed may have lost unseen
    queue: int = 64  # writes of ingest that may wait; beyond, the oldest is left out and read from the store
