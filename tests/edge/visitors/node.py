"""A Wi-Fi agent whose radio is a list: run as a process, in the folder of the repository."""

import sys
from pathlib import Path

from contracts.topics import Device, Kind
from edge import agent
from edge.cli import load
from edge.recorder import Reading
from edge.settings import Settings
from edge.visitors.counting import beside
from runtime import logs, service
from runtime.clock import Clock, System
from tests.edge.visitors.crowd import MACS, NAMES, RANDOM, Crowd


class Radio(Crowd):
    """The crowd as a source too."""

    name = "radio"

    async def read(self) -> list[Reading]:
        return [Reading(metric="wifi.clients", value=float(len(self.macs)))]


async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
    device = Device(site=chosen.site, kind=Kind.WIFI, device=chosen.device)
    radio = Radio((*MACS, *RANDOM), NAMES)
    work = beside(agent.sampler(Kind.WIFI, [radio]), radio, chosen.visitors, users=radio)
    await agent.run(chosen, running, clock, work, device=device)


if __name__ == "__main__":
    settings = load(Path(sys.argv[1]), {})
    logs.configure(level="DEBUG")
    service.run(lambda running: run(settings, running, System()))
