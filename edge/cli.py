"""Commands that run an agent: `imm-edge kiosk`, or `imm edge kiosk` where the platform is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from contracts.errors import Refused
from edge import start
from edge.enrol.cli import enrol
from edge.settings import Settings
from runtime import cli, service, settings
from runtime.spool import Error

_RUNTIME = Path("/run/imm-edge")  # where systemd has an agent of ours leave its word
_HOME = Path("/var/lib/imm-edge")
_CONFIG = _HOME / "agent.toml"
Command = TypeVar("Command", bound=Callable[..., Any])


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
    try:
        return start.load(config, options)
    except settings.Wrong as error:
        raise cli.Failure.of("The agent cannot start", error) from None


def told(error: Exception) -> cli.Failure | None:
    """What ended an agent, for people; None for a fault of ours, whose traceback says where."""
    cause = error.__cause__ if isinstance(error, service.Failed) else error
    match cause:
        case settings.Wrong() | Refused():
            return cli.Failure.of("The agent cannot go on", cause)
        case Error():
            why, _, cure = str(cause).rpartition(": ")
            return cli.Failure("The agent cannot go on", why, cure)
        case OSError():
            why = cause.strerror or str(cause)
            return cli.Failure(
                "The agent cannot go on",
                f"{cause.filename or 'system'}: {why}",
                "give this user access, or name another",
            )
        case _:
            return None


def _run(kind: str, config: Path | None, options: dict[str, str | None]) -> None:
    try:
        start.start(kind, config, options)
    except (settings.Wrong, service.Failed) as error:
        raise told(error) or error.__cause__ or error from error


@edge.command()
@common
def kiosk(config: Path | None, **options: str | None) -> None:
    """Sample a kiosk: its machine, screen and player, touches, printers, power and doors."""
    _run("kiosk", config, options)


@edge.command()
@common
def wifi(config: Path | None, **options: str | None) -> None:
    """Sample a Wi-Fi node: interface counters, what it reaches, and the access points that [wifi] names."""
    _run("wifi", config, options)


@edge.command()
@common
def replay(config: Path | None, **options: str | None) -> None:
    """Play a CSV or Parquet file as if its devices spoke now: see [replay] in the TOML file."""
    _run("replay", config, options)


@edge.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_HOME,
    show_default=True,
    help="Folder of the agent.",
)
@cli.json_option
@click.pass_context
def status(context: click.Context, /, folder: Path, *, json: bool) -> None:
    """Say how the agent of this machine fares: what, since when, why, what to do. Needs no network."""
    from edge.health import show, word

    places = (_RUNTIME / word.NAME, folder / word.NAME) if folder == _HOME else (folder / word.NAME,)
    try:
        said = next((found for place in places if (found := word.read(place))), None)
    except (OSError, Refused) as error:
        raise cli.Failure(
            "The status cannot be read", str(error), "ask as root, or as the agent's user"
        ) from None
    if said is None:
        raise cli.Failure(
            "There is no status", f"no agent has left one in {folder}", "start it: systemctl start imm-edge"
        )
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))
    else:
        click.echo("\n".join(show.lines(said)))
    context.exit(0 if show.well(said) else 1)


@edge.command()
@click.argument("kind", type=click.Choice(list(start.KINDS)))
@click.option("--config", type=click.Path(path_type=Path), default=_CONFIG, help="TOML file of the agent.")
def unit(kind: str, config: Path) -> None:
    """Print the systemd unit of an agent that is installed here."""
    from edge.health.unit import text

    click.echo(text(kind, config.absolute()), nl=False)  # systemd takes no other


edge.add_command(enrol)
