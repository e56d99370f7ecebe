"""`imm apps`: programs that use the platform, and their keys."""

from __future__ import annotations

from typing import Any

import click

from app.commands.api import shown
from app.identities import key as make
from app.identities import opened, why
from app.settings import load
from city.identity.caller import SYSTEM
from runtime.cli import emit, json_option


@click.group()
def apps() -> None:
    """Make, list and revoke the keys by which programs come, on the machine itself."""


@apps.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, metavar="PROGRAMME/ROLE")
@click.option(
    "--days", type=click.IntRange(1, 3_650), help="After which it opens nothing; else as the settings say."
)
@click.option("--per-minute", type=click.IntRange(1), help="Requests; else as the settings say.")
@json_option
@click.pass_context
def key(
    context: click.Context,
    name: str,
    roles: tuple[str, ...],
    days: int | None,
    per_minute: int | None,
    *,
    json: bool,
) -> None:
    """Make a key for a program, which is added where there is none of this name; it is printed once."""
    wanted = {"days": days, "per_minute": per_minute}
    with opened(load(context)) as identity:
        pairs = tuple((programme, role) for programme, _, role in (one.rpartition("/") for one in roles))
        made = make(identity, name, pairs, **{field: value for field, value in wanted.items() if value})
    if json:
        emit(
            {"app": made.key.app, "key": made.secret, "id": made.key.id, "expires": made.key.expires},
            json=True,
        )
        return
    click.echo(f"{made.secret}\n\nclient_id {made.key.app}, until {shown(made.key.expires)}; may:")
    for scope in made.key.scopes:
        click.echo(f"  {scope}")


@apps.command("list")
@json_option
@click.pass_context
def list_(context: click.Context, *, json: bool) -> None:
    """Keys of all programs, without their secrets."""
    rows: list[dict[str, Any]] = []
    with opened(load(context)) as identity:
        for app in identity.apps.list(SYSTEM):
            for one in identity.apps.get(SYSTEM, app.id)[1]:
                times = {"expires": one.expires, "revoked": one.revoked, "used": one.used}
                told = times if json else {field: shown(time) for field, time in times.items()}
                rows.append({"app": app.name, "key": one.prefix, "id": one.id, "label": one.label, **told})
    if not rows and not json:
        click.echo("No keys yet: imm apps key NAME --role …")
    else:
        emit(rows, json=json)


@apps.command()
@click.argument("id_", metavar="ID")
@click.option("--why", "reason", default="", help="Kept in the audit trail.")
@click.pass_context
def revoke(context: click.Context, id_: str, reason: str) -> None:
    """Let a key open nothing from now on."""
    with opened(load(context)) as identity:
        identity.apps.revoke(SYSTEM, id_, why=f"{why()}: {reason}" if reason else why())
    click.echo(f"The key {id_} opens nothing any more.")
