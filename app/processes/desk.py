"""The desk process: the outbox relay, which drives every consumer of events."""

from __future__ import annotations

from app.assembly import Assembly, assemble
from app.parts import Parts
from city.outbox.relay import Relay


async def start(parts: Parts) -> Assembly:
    """Start the relay; of several processes that run it one leads."""
    assembly = assemble(parts, await parts.client("desk"))
    relay = Relay(
        parts.db, parts.clock, assembly.consumers, registry=parts.registry, settings=parts.settings.outbox
    )
    parts.service.start("outbox relay", relay.run())
    return assembly
