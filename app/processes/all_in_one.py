"""Everything in one process on one store: the embedded default."""

from __future__ import annotations

from app.parts import Parts
from app.processes import alerts, analytics, api, desk, ingest


async def start(parts: Parts) -> None:
    """Start all parts; what ingest accepts reaches analytics without a detour."""
    judge = await analytics.start(parts, remote=False)
    await alerts.start(parts)
    await api.start(parts, await desk.start(parts))
    await ingest.start(parts, feed=judge)
