"""Everything in one process on one store: the embedded default."""

from __future__ import annotations

from app.parts import Parts
from app.processes import alerts, analytics, api, desk, ingest
from app.processes.presence import Presence
from contracts.feed import Accepted


async def start(parts: Parts) -> None:
    """Start all parts; what ingest accepts reaches analytics and presence without a detour."""
    judge = await analytics.start(parts, remote=False)
    presence = Presence(parts, remote=False)

    def feed(accepted: Accepted) -> None:
        judge(accepted)
        presence.feed(accepted)

    await alerts.start(parts)
    await api.start(parts, await desk.start(parts, presence))
    await ingest.start(parts, feed=feed)
