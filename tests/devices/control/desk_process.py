"""A desk of its own, to be killed: `desk_process.py URL PORT SITE NAME`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from prometheus_client import CollectorRegistry

from city.audit import Trail
from city.db import Database
from city.outbox.relay import Relay
from city.outbox.settings import Settings
from devices.control import wiring
from runtime import ids, mqtt
from runtime.clock import System
from tests.devices.commands.conftest import roster


class NoAlerts:
    """There are none."""

    def open(self, *, site: str = "", limit: int = 200) -> list[Any]:
        return []


async def main(url: str, port: int, site: str, name: str) -> None:
    clock, registry, known = System(), CollectorRegistry(), roster(site)
    db = Database(url)
    control = wiring.wire(db, clock=clock, ids=ids.factory(clock), trail=Trail(clock=clock), roster=known)
    settings = mqtt.Settings(port=port, longest_pause=0.2)
    async with mqtt.Client(settings, client_id=f"{site}-{name}") as client:
        hands = wiring.hands(
            control,
            db,
            clock=clock,
            client=client,
            roster=known,
            alarms=cast("Any", NoAlerts()),
            registry=registry,
        )
        relay = Relay(
            db,
            clock,
            list(hands.deliverers),
            beside=hands.besides,
            settings=Settings(lease=1.0, poll=0.1),
        )
        await relay.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
