"""The desk process: the outbox relay, which drives every consumer of events, and the clocks."""

from __future__ import annotations

from app.assembly import Assembly, assemble
from app.parts import Parts
from app.processes import accounts, keeping
from city.outbox.relay import Relay
from devices.broker.rosters import OfRoster


async def start(parts: Parts) -> Assembly:
    """Start the relay, of which one leads among several processes, and what all of them do beside it."""
    assembly = assemble(parts, await parts.client("desk"))
    relay = Relay(
        parts.db,
        parts.clock,
        assembly.consumers,
        beside=[parts.hub.beside(), parts.notifications.post.beside()],
        registry=parts.registry,
        settings=parts.settings.outbox,
    )
    parts.service.start("outbox relay", relay.run())
    await keeping.start(parts, assembly)
    await accounts.start(parts, OfRoster(parts.roster))
    return assembly
