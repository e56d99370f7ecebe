"""Commands that run an agent: `imm-edge kiosk`, or `imm edge kiosk` where the platform is installed."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from contracts.errors import Refused
from contracts.topics import Device, Kind
from edge import agent
from edge.settings import Settings
from runtime import cli, logs, service, settings
from runtime.clock import Clock, System
from runtime.spool import Error

PREFIX = "IMM_EDGE_"
Command = TypeVar("Command", bound=Callable[..., Any])
Start = Callable[[Settings, service.Service, Clock], Awaitable[None]]
_OPTIONS = {
    "site": "SITE",
    "device": "DEVICE",
    "host": "BROKER__HOST",
    "port": "BROKER__PORT",
    "spool": "SPOOL__PATH",
    "period": "PERIOD",
    "probe": "PROBE",
}


@click.group(help="Run an agent on site.")
def edge() -> None:
    """The group that both command lines mount."""


def common(command: Command) -> Command:
    """Add the options of every agent; they go before the environment, which goes before the file."""
    for option in reversed(
        [
            click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file."),
            click.option("--site", help="Site that the device stands in."),
            click.option("--device", help="Id of the device, unique in the city."),
            click.option("--host", help="Host of the broker."),
            click.option("--port", help="Its port."),
            click.option("--spool", help="File in which samples wait for their receipts."),
            click.option("--period", help="Seconds from sample to sample."),
            click.option("--probe", help="Seconds from probe to probe; 0 for none."),
        ]
    ):
        command = option(command)
    return command


def load(config: Path | None, options: dict[str, str | None]) -> Settings:
    """Settings from file, environment and options. Raises cli.Failure."""
    given = {PREFIX + _OPTIONS[name]: text for name, text in options.items() if text is not None}
    try:
        return settings.load(Settings, config, env={**os.environ, **given}, prefix=PREFIX)
    except settings.Wrong as error:
        raise cli.Failure.of("The agent cannot start", error) from None


def start(config: Path | None, options: dict[str, str | None], run: Start) -> None:
    """Run an agent as this process. Raises cli.Failure."""
    chosen = load(config, options)
    logs.configure(json=chosen.log.json, level=chosen.log.level)
    clock = System()
    try:
        service.run(lambda running: run(chosen, running, clock))
    except service.Failed as error:
        raise _told(error.__cause__ or error) from error


def _told(error: BaseException) -> BaseException:
    match error:
        case settings.Wrong() | Refused():
            return cli.Failure.of("The agent cannot go on", error)
        case Error():
            why, _, cure = str(error).rpartition(": ")
            return cli.Failure("The agent cannot go on", why, cure)
        case OSError():
            why = error.strerror or str(error)
            return cli.Failure(
                "The agent cannot go on",
                f"{error.filename or 'system'}: {why}",
                "give this user access, or name another",
            )
        case _:
            return error  # a fault of ours: its traceback says where


@edge.command()
@common
def kiosk(config: Path | None, **options: str | None) -> None:
    """Sample the machine under a kiosk: processor, memory, disks, temperatures, network."""
    from edge.kiosk.host import Host

    async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
        device = Device(site=chosen.site, kind=Kind.KIOSK, device=chosen.device)
        work = agent.sampler(Kind.KIOSK, [Host(chosen.disks, clock)])
        await agent.run(chosen, running, clock, work, device=device)

    start(config, options, run)


@edge.command()
@common
def wifi(config: Path | None, **options: str | None) -> None:
    """Sample a Wi-Fi node: interface counters, and what it reaches."""
    from edge.wifi.counters import Counters
    from edge.wifi.probes import Probes

    async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
        device = Device(site=chosen.site, kind=Kind.WIFI, device=chosen.device)
        work = agent.sampler(Kind.WIFI, [Counters(chosen.wifi.interfaces), Probes(chosen.wifi, clock)])
        await agent.run(chosen, running, clock, work, device=device)

    start(config, options, run)


@edge.command()
@common
def replay(config: Path | None, **options: str | None) -> None:
    """Play a CSV or Parquet file as if its devices spoke now: see [replay] in the TOML file."""
    from edge.replay.player import Player

    async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
        plan = chosen.replay
        if plan is None:
            raise settings.Wrong(
                "replay", "(nothing)", "says what to play", "add a table [replay] to the file"
            )

        async def work(station: agent.Station) -> None:
            player = Player(plan, station.spool, clock, site=chosen.site, encoding=chosen.encoding)
            await player.run()
            await station.uplink.drained()

        await agent.run(chosen, running, clock, work, device=None)  # its devices have no status of their own

    start(config, options, run)


def main() -> None:
    """Entry point `imm-edge`."""
    edge()
