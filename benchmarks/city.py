"""The city's core on each database: outbox, webhooks, clocks, audit trail, beside bare inserts and posts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import city_postgres
from benchmarks.city_clocks import clocks
from benchmarks.city_deliver import deliver
from benchmarks.city_outbox import audit, outbox
from benchmarks.city_stage import Figures, Say, Stage


def run(
    *,
    postgres: str | None = None,
    seconds: float = 10.0,
    pending: int = 1_000_000,
    say: Say = lambda _: None,
) -> dict[str, Figures]:
    """Figures by database. `postgres`: address of an empty one; else one is started where it is installed."""
    folder = Path(tempfile.mkdtemp(prefix="imm-bench-city-"))
    figures: dict[str, Figures] = {}
    try:
        for name in ("sqlite", "postgresql"):
            place = folder / name
            place.mkdir()
            with city_postgres.address(name, place, postgres) as url:
                if url:
                    figures[name] = _measure(url, place, seconds, pending, _prefixed(say, name))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def _measure(url: str, folder: Path, seconds: float, pending: int, say: Say) -> Figures:
    with Stage(url, folder) as stage:
        say("bare inserts")
        figures = stage.raw(min(seconds, 5.0))
        figures |= outbox(stage, seconds, say)
        figures |= audit(stage, seconds, say)
        figures |= deliver(stage, seconds, say)
        figures |= clocks(stage, pending, seconds, say)
    for name in ("outbox_events_per_s", "audit_appends_per_s"):
        figures[name.removesuffix("_per_s") + "_ratio"] = figures[name] / figures["raw_inserts_per_s"]
    return figures | {"clocks_pending": float(pending)}


def _prefixed(say: Say, name: str) -> Say:
    return lambda what: say(f"{name}: {what}")
