"""An agent that writes down what it does, to be killed: `agent_process.py FILE LOG`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from contracts.commands import Command, Type
from contracts.topics import Device, Kind
from edge import agent
from edge.commands import Telling
from edge.settings import Settings
from runtime import service, settings
from runtime.clock import System


def main(file: Path, log: Path) -> None:
    chosen = settings.load(Settings, file, env={}, prefix="IMM_EDGE_")
    device = Device(site=chosen.site, kind=Kind.KIOSK, device=chosen.device)

    async def work(command: Command, telling: Telling) -> dict[str, Any]:
        with log.open("a") as out:
            out.write(f"{command.id}\n")
        await asyncio.sleep(0.1)  # so that a kill finds it at work
        return {"done": command.id}

    def plug(_: agent.Station, control: agent.Control) -> None:
        control.executor.register(Type.SET_VOLUME, work)
        control.executor.register(Type.REBOOT, work)

    service.run(
        lambda running: agent.run(
            chosen, running, System(), agent.sampler(Kind.KIOSK, []), device=device, plugs=[plug]
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
