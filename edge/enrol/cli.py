"""`imm-edge enrol`: from a box to a member of the fleet with one code."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from contracts import enrolment, instants
from contracts.enrolment import Claim
from contracts.errors import Refused
from edge.enrol.errors import Failure
from runtime import cli

_WHAT = "The device cannot join"


@click.command()
@click.argument("claim", required=False, metavar="[CLAIM]")
@click.option("--code", help="The code alone, where the claim's text is not at hand.")
@click.option("--server", envvar="IMM_EDGE_SERVER", help="https://… of the platform; else the claim says it.")
@click.option("--pin", envvar="IMM_EDGE_PIN", help="SHA-256 of the platform's public key, hex; likewise.")
@click.option(
    "--ca",
    "ca_file",
    envvar="IMM_EDGE_CA",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the authority that vouches for the platform, where there is no pin.",
)
@click.option(
    "--folder",
    default=Path("/var/lib/imm-edge"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The agent's folder.",
)
def enrol(
    claim: str | None,
    code: str | None,
    server: str | None,
    pin: str | None,
    ca_file: Path | None,
    folder: Path,
) -> None:
    """Join the city's fleet. CLAIM is the text of the QR code; without it and --code it is asked for."""
    from edge.enrol.claim import join

    line = claim or code or click.prompt("Scan or type the claim")
    try:
        found = _complete(enrolment.parse(line), server or "", (pin or "").lower())
        given = join(found, folder, ca_file=ca_file, told=lambda text: click.echo(text, err=True))
    except Refused as error:
        raise cli.Failure.of(_WHAT, error) from None
    except Failure as error:
        raise cli.Failure(_WHAT, error.why, error.cure) from None
    except OSError as error:
        why = f"{error.filename or folder}: {error.strerror or error}"
        raise cli.Failure(_WHAT, why, "name a folder that this user may write, with --folder") from None
    click.echo(f"{given.device} at {given.site} is in the fleet; {given.title or given.kind}")
    click.echo(f"certificate until {instants.to_rfc3339(given.ends)}, renewed by itself")
    config = folder.absolute() / "agent.toml"
    click.echo(f"try it:  imm-edge {given.kind} --config {config}")
    click.echo(f"keep it: imm-edge unit {given.kind} --config {config}   # for systemd; so it updates itself")


def _complete(claim: Claim, server: str, pin: str) -> Claim:
    """What options say goes before the claim. Raises Refused."""
    whole = msgspec.structs.replace(claim, server=server or claim.server, pin=pin or claim.pin)
    whole = Claim(code=whole.code, server=whole.server, pin=whole.pin)  # checked again, with the options
    if not whole.server:
        raise Refused("server", "(nothing)", "say where the platform is: the whole claim, or --server")
    return whole
