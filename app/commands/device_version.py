"""`imm device version`: versions of the agent, signed for devices."""

from __future__ import annotations

from pathlib import Path

import click

from app.settings import load
from contracts.errors import Refused
from runtime.cli import Failure, emit, json_option


@click.group()
def version() -> None:
    """Sign versions of the agent, and lay them where devices fetch them."""


@version.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make the key that signs, into FILE. Keep it apart: whoever has it rules all devices."""
    from devices.updates.bundle import keygen

    public = keygen(file)
    click.echo(
        f"{file} is the key. So the platform tells it to each device that joins from now on (imm.toml):\n"
    )
    click.echo(f'[devices.updates]\nkeys = ["{public}"]\n')
    click.echo("A device that has joined before is claimed again, or is told by hand (agent.toml):\n")
    click.echo(f'[updates]\nkeys = ["{public}"]\nsource = "…/api/v1/agents"')


@version.command()
@click.argument("number")
@click.option(
    "--wheels",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with imm-edge and all that it needs.",
)
@click.option("--key", "signer", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="Another folder than the set one."
)
@json_option
@click.pass_context
def add(
    context: click.Context, number: str, wheels: Path, signer: Path, into: Path | None, *, json: bool
) -> None:
    """Sign the wheels of version NUMBER and lay them out."""
    from devices.updates import bundle

    try:
        place = bundle.make(number, wheels, signer, into or load(context).devices.versions)
        told = {"version": number, "folder": str(place), "sha256": bundle.digest(place)}
        if bundle.public(signer) not in load(context).devices.updates.keys:
            click.echo("No device that joins will take it: devices.updates.keys lacks its key.", err=True)
    except (OSError, Refused) as error:
        raise Failure("the version is not laid out", str(error), "correct what it names") from None
    emit(told, json=json)
