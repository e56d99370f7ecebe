"""Commands that run an agent: `imm-edge kiosk`, or `imm edge kiosk` where the platform is installed."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from contracts.errors import Refused
from contracts.topics import Device, Kind
from edge import agent
from edge.clock import keep
from edge.enrol.cli import enrol
from edge.settings import Settings
from runtime import cli, logs, service, settings
from runtime.clock import Clock
from runtime.spool import Error

PREFIX = "IMM_EDGE_"
_RUNTIME = Path("/run/imm-edge")  # where systemd has an agent of ours leave its word
_CONFIG = Path("/var/lib/imm-edge/agent.toml")
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
    clock = keep.steady(chosen.home)
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
    """Sample a kiosk: its machine, screen and player, touches, printers, power and doors."""
    from edge.kiosk.build import watching

    async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
        device = Device(site=chosen.site, kind=Kind.KIOSK, device=chosen.device)
        with watching(chosen, clock) as sources:
            await agent.run(chosen, running, clock, agent.sampler(Kind.KIOSK, sources), device=device)

    start(config, options, run)


@edge.command()
@common
def wifi(config: Path | None, **options: str | None) -> None:
    """Sample a Wi-Fi node: interface counters, what it reaches, and the access points that [wifi] names."""
    from edge.visitors.counting import beside
    from edge.wifi.build import watching

    async def run(chosen: Settings, running: service.Service, clock: Clock) -> None:
        device = Device(site=chosen.site, kind=Kind.WIFI, device=chosen.device)
        async with watching(chosen.wifi, clock, chosen.home) as sources:
            work = beside(agent.sampler(Kind.WIFI, [sources]), sources, chosen.visitors, users=sources)
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
            await station.known.wait()  # what is played has times of day
            player = Player(plan, station.spool, clock, site=chosen.site, encoding=chosen.encoding)
            await player.run()
            await station.uplink.drained()

        await agent.run(chosen, running, clock, work, device=None)  # its devices have no status of their own

    start(config, options, run)


@edge.command()
@common
@cli.json_option
@click.pass_context
def status(context: click.Context, /, config: Path | None, *, json: bool, **options: str | None) -> None:
    """Say how the agent of this machine fares: what, since when, why, what to do. Needs no network."""
    from edge.health import show, word

    home = load(config, options).home
    places = (word.place(home), _RUNTIME / word.NAME, word.place(home, {}))
    try:
        said = next((found for place in places if (found := word.read(place))), None)
    except (OSError, Refused) as error:
        raise cli.Failure(
            "The status cannot be read", str(error), "ask as root, or as the agent's user"
        ) from None
    if said is None:
        raise cli.Failure(
            "There is no status", f"no agent has left one in {home}", "start it: systemctl start imm-edge"
        )
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))
    else:
        click.echo("\n".join(show.lines(said)))
    context.exit(0 if show.well(said) else 1)


@edge.command()
@click.argument("kind", type=click.Choice(["kiosk", "wifi", "replay"]))
@click.option("--config", type=click.Path(path_type=Path), default=_CONFIG, help="TOML file of the agent.")
def unit(kind: str, config: Path) -> None:
    """Print the systemd unit of an agent that is installed here."""
    from edge.health.unit import text

    click.echo(text(kind, config), nl=False)


edge.add_command(enrol)


def main() -> None:
    """Entry point `imm-edge`."""
    edge()
