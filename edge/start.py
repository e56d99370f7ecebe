"""Runs one agent as this process, without the library of command lines: a service needs none of it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from contracts.topics import Device, Kind
from edge import agent
from edge.clock import keep
from edge.settings import Settings
from edge.state import Folder
from runtime import logs, service, settings
from runtime.clock import Clock

PREFIX: Final = "IMM_EDGE_"
OPTIONS: Final = {
    "site": "SITE",
    "device": "DEVICE",
    "host": "BROKER__HOST",
    "port": "BROKER__PORT",
    "spool": "SPOOL__PATH",
    "period": "PERIOD",
    "probe": "PROBE",
}
Run = Callable[[Settings, service.Service, Clock], Awaitable[None]]


def load(config: Path | None, options: dict[str, str | None]) -> Settings:
    """Settings from file, environment and options. Raises settings.Wrong."""
    given = {PREFIX + OPTIONS[name]: text for name, text in options.items() if text is not None}
    return settings.load(Settings, config, env={**os.environ, **given}, prefix=PREFIX)


def start(kind: str, config: Path | None, options: dict[str, str | None]) -> None:
    """Run an agent of a kind until it is told to stop. Raises settings.Wrong, service.Failed."""
    chosen = load(config, options)
    logs.configure(json=chosen.log.json, level=chosen.log.level)
    clock = keep.steady(chosen.home)

    async def run(running: service.Service) -> None:
        Folder(chosen.home).prepare()
        await KINDS[kind](chosen, running, clock)

    service.run(run)


async def _kiosk(chosen: Settings, running: service.Service, clock: Clock) -> None:
    from edge.kiosk.build import watching

    device = Device(site=chosen.site, kind=Kind.KIOSK, device=chosen.device)
    with watching(chosen, clock) as sources:
        await agent.run(chosen, running, clock, agent.sampler(Kind.KIOSK, sources), device=device)


async def _wifi(chosen: Settings, running: service.Service, clock: Clock) -> None:
    from edge.visitors.counting import beside
    from edge.wifi.build import watching

    device = Device(site=chosen.site, kind=Kind.WIFI, device=chosen.device)
    async with watching(chosen.wifi, clock, chosen.home) as sources:
        work = beside(agent.sampler(Kind.WIFI, [sources]), sources, chosen.visitors, users=sources)
        await agent.run(chosen, running, clock, work, device=device)


async def _replay(chosen: Settings, running: service.Service, clock: Clock) -> None:
    from edge.replay.player import Player

    plan = chosen.replay
    if plan is None:
        raise settings.Wrong("replay", "(nothing)", "says what to play", "add a table [replay] to the file")

    async def work(station: agent.Station) -> None:
        await station.known.wait()  # what is played has times of day
        player = Player(plan, station.spool, clock, site=chosen.site, encoding=chosen.encoding)
        await player.run()
        await station.uplink.drained()

    await agent.run(chosen, running, clock, work, device=None)  # its devices have no status of their own


KINDS: Final[dict[str, Run]] = {"kiosk": _kiosk, "wifi": _wifi, "replay": _replay}
