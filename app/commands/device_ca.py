"""`imm device ca`: the authority that issues devices' certificates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from app.commands.api import shown
from app.fleets import Desk, opened
from app.settings import load
from contracts.instants import DAY
from runtime.cli import Failure, emit, json_option

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)


@click.group()
def ca() -> None:
    """The authority of devices' certificates: its root stays offline, its intermediates issue."""


@ca.command()
@click.option("--root", "file", required=True, type=_FILE, help="File for the root's key; keep it offline.")
@click.option("--passphrase-file", type=_FILE, help="Its first line opens the root; else it is asked for.")
@click.pass_context
def init(context: click.Context, file: Path, passphrase_file: Path | None) -> None:
    """Make a root and the first intermediate, which issues at once."""
    from devices.ca import root

    with opened(load(context)) as desk:
        with desk.db.read() as tx:
            if desk.fleet.authority.holders(tx):
                raise Failure(
                    "there is an authority already",
                    "devices trust its root",
                    "make its next intermediate with `imm device ca rotate`",
                )
        made = root.make(file, _passphrase(passphrase_file, new=True), desk.clock.now())
        with desk.db.begin() as tx:
            desk.fleet.authority.add(tx, made, starts=desk.clock.now())
    click.echo(f"The authority issues. Take {file} off this machine and keep it with its passphrase apart:")
    click.echo("it is needed again in less than three years, for `imm device ca rotate`.")


@ca.command()
@click.option("--root", "file", required=True, type=_FILE, help="File of the root's key.")
@click.option("--passphrase-file", type=_FILE)
@click.option("--days", default=1.0, show_default=True, type=click.FloatRange(0, 90), help="Until it issues.")
@click.pass_context
def rotate(context: click.Context, file: Path, passphrase_file: Path | None, days: float) -> None:
    """Make the next intermediate; what the one before issued stays good for its time."""
    from devices.ca import root

    found = root.read(file, _passphrase(passphrase_file))
    with opened(load(context)) as desk:
        starts = desk.clock.now() + round(days * DAY)
        with desk.db.begin() as tx:
            desk.fleet.authority.add(tx, found, starts=starts)
    click.echo(
        f"The next intermediate issues from {shown(starts)} on. Let brokers know it before: ca export."
    )


@ca.command()
@json_option
@click.pass_context
def show(context: click.Context, *, json: bool) -> None:
    """The intermediates, newest first, and whose certificates have ended."""
    with opened(load(context)) as desk, desk.db.read() as tx:
        found = desk.fleet.authority.holders(tx)
        ended = desk.fleet.renewal.ended(tx)
        due = desk.fleet.renewal.due(tx, limit=1_000)
    if json:
        emit({"intermediates": found, "due": due, "ended": ended}, json=True)
        return
    if not found:
        click.echo("No authority yet: imm device ca init --root FILE")
        return
    rows = [
        {
            "intermediate": one["id"],
            "issues": "yes" if one["issues"] else "",
            "from": shown(one["starts"]),
            "until": shown(one["ends"]),
        }
        for one in found
    ]
    emit(rows, json=False)
    click.echo(f"{len(due)} certificates are to be renewed, {len(ended)} have ended")
    for device in ended[:20]:
        click.echo(f"  {device}: imm device claim {device}")


@ca.command()
@click.argument("folder", type=_FOLDER)
@click.pass_context
def export(context: click.Context, folder: Path) -> None:
    """Write trusted.pem and revoked.pem, for a broker's cafile and crlfile; the second weekly at least."""
    with opened(load(context)) as desk, desk.db.read() as tx:
        files = {
            "trusted.pem": desk.fleet.authority.trusted(tx),
            "revoked.pem": desk.fleet.authority.revoked(tx),
        }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _write(folder / name, text, 0o644)
    click.echo(f"{', '.join(files)} in {folder}")


@ca.command()
@click.argument("folder", type=_FOLDER)
@click.option("--name", "names", multiple=True, required=True, help="Host name or address of the broker.")
@click.option("--days", default=365.0, show_default=True, type=click.FloatRange(1, 1_095))
@click.pass_context
def serve(context: click.Context, folder: Path, names: tuple[str, ...], days: float) -> None:
    """Write server.key and server.pem for a broker that enrolled devices are to believe."""
    with opened(load(context)) as desk:
        key, chain = _served(desk, names, days)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "server.key", key, 0o600)
    _write(folder / "server.pem", chain, 0o644)
    click.echo(f"server.key, server.pem in {folder}, for {', '.join(names)}")


def _served(desk: Desk, names: tuple[str, ...], days: float) -> tuple[str, str]:
    with desk.db.read() as tx:
        return desk.fleet.authority.serve(tx, names, days=days)


def _passphrase(file: Path | None, *, new: bool = False) -> str:
    if file is None:
        said: str = click.prompt("Passphrase of the root", hide_input=True, confirmation_prompt=new)
        return said
    from runtime.settings import secret

    return secret("passphrase_file", file)


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all: a broker may read it at any time."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
