"""The desk process: the outbox relay, which drives every consumer of events, and the clocks."""

from __future__ import annotations

from app.assembly import Assembly, assemble
from app.parts import Parts
from app.processes import accounts, keeping, watching
from app.processes.presence import Presence
from city.outbox.relay import Relay


async def start(parts: Parts, presence: Presence | None = None) -> Assembly:
    """Start the relay, of which one leads among several processes, and what all of them do beside it."""
    presence = presence or Presence(parts, remote=True)
    assembly = assemble(parts, await parts.client("desk"))
    relay = Relay(
        parts.db,
        parts.clock,
        assembly.consumers,
        beside=[parts.hub.beside(), parts.notifications.post.beside(), presence.beside(), *assembly.besides],
        registry=parts.registry,
        settings=parts.settings.outbox,
    )
    parts.service.start("outbox relay", relay.run())
    await keeping.start(parts, assembly)
    await accounts.start(parts)
    await watching.start(parts)
    return assembly
