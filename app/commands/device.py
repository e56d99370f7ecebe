"""`imm device`: the fleet from the command line of the platform's machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from msgspec.structs import asdict

from app.commands.api import shown
from app.commands.device_ca import ca
from app.commands.device_command import command
from app.commands.device_rollout import rollout
from app.commands.device_shadow import shadow
from app.commands.device_table import export, import_
from app.commands.device_version import version
from app.fleets import opened
from app.identities import why as by
from app.settings import load
from city.identity.caller import SYSTEM
from contracts.topics import Kind
from devices.registry import Device, Filters, Plan, State
from runtime.cli import emit, json_option

_KINDS: Final = [kind.value for kind in Kind if kind != Kind.CITY]
_MOST: Final = 100_000
_CURES: Final = {
    "ended": "on the spot, by imm device claim {device}",
    "outlived": "it is asked again; look whether it connects",
    "failed": "it is tried again within 6 hours",
}


@click.group()
def device() -> None:
    """Plan devices, let them in, shut them out; on the machine itself."""


@device.command()
@click.argument("device")
@click.option("--kind", required=True, type=click.Choice(_KINDS))
@click.option("--site", required=True, help="Where it stands.")
@click.option("--title", default="", help="For people: `Kiosk gerbang timur`.")
@click.option("--operator", default="", help="Indosat, Telkomsel, city.")
@click.pass_context
def add(context: click.Context, /, device: str, kind: str, **fields: Any) -> None:
    """Plan a device."""
    with opened(load(context)) as desk, desk.db.begin() as tx:
        desk.fleet.registry.add(tx, SYSTEM, Plan(device=device, kind=Kind(kind), **fields))
    click.echo(f"{device} is planned; let it in with: imm device claim {device}")


@device.command()
@click.argument("device")
@click.option("--hours", type=click.FloatRange(min=1 / 60), help="That the code lasts; else as set.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the QR code as PNG.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the QR code as SVG.")
@json_option
@click.pass_context
def claim(
    context: click.Context,
    device: str,
    hours: float | None,
    png: Path | None,
    svg: Path | None,
    *,
    json: bool,
) -> None:
    """Make a code that lets a device in once; shown this once, as text and as QR code."""
    with opened(load(context)) as desk, desk.db.begin() as tx:
        made = desk.fleet.claims.make(tx, SYSTEM, device, seconds=None if hours is None else hours * 3_600)
    import segno

    picture = segno.make(made.text, error="m", micro=False)
    for file in (png, svg):
        if file is not None:
            picture.save(str(file), scale=6, border=2)
            file.chmod(0o600)
    if json:
        emit({"device": device, "code": made.code, "claim": made.text, "expires": made.expires}, json=True)
        return
    click.echo(f"{made.code}   for {device}, until {shown(made.expires)}\n")
    if png is None and svg is None:
        picture.terminal(border=2, compact=True)
    click.echo(f"on the device:  imm-edge enrol '{made.text}'")


@device.command()
@click.argument("device")
@json_option
@click.pass_context
def password(context: click.Context, device: str, *, json: bool) -> None:
    """Make a password for a sensor that cannot make a key; it is printed once."""
    with opened(load(context)) as desk, desk.db.begin() as tx:
        made = desk.fleet.accounts.make(tx, SYSTEM, device)
    if json:
        emit({"username": made.username, "password": made.password}, json=True)
    else:
        click.echo(f"username  {made.username}\npassword  {made.password}")


@device.command("list")
@click.option("--site", default="")
@click.option("--kind", type=click.Choice(_KINDS))
@click.option("--state", type=click.Choice([state.value for state in State]))
@click.option("--operator", default="")
@click.option("--expiring", is_flag=True, help="Only those whose certificate needs somebody's hands.")
@json_option
@click.pass_context
def list_(
    context: click.Context,
    /,
    kind: str | None,
    state: str | None,
    *,
    json: bool,
    expiring: bool,
    **words: str,
) -> None:
    """Devices of the registry, in order of their ids."""
    if expiring:
        _expiring(context, words["site"], json=json)
        return
    filters = Filters(kind=Kind(kind) if kind else None, state=State(state) if state else None, **words)
    with opened(load(context)) as desk:
        found = desk.fleet.registry.page(SYSTEM, filters, limit=_MOST)
    if not found and not json:
        click.echo("No devices: imm device add, or imm device import FILE")
        return
    emit([_row(one, json=json) for one in found], json=json)


@device.command()
@click.argument("device")
@json_option
@click.pass_context
def show(context: click.Context, device: str, *, json: bool) -> None:
    """What the registry knows of one, and its certificates."""
    with opened(load(context)) as desk:
        found = desk.fleet.registry.get(SYSTEM, device)
        with desk.db.read() as tx:
            issued = desk.fleet.authority.of(tx, device)
            account = desk.fleet.accounts.made(tx, device)
            open_ = desk.fleet.claims.open(tx, SYSTEM, found)
    told: dict[str, Any] = {name: getattr(found, name) for name in Device.__struct_fields__}
    if json:
        emit({**told, "certificates": issued, "password_made": account, "open_claims": open_}, json=True)
        return
    told |= {name: shown(told[name]) for name in ("created", "updated", "enrolled")}
    told |= {name: _words(told[name]) for name in ("labels", "hardware", "versions")}
    told |= {"names": ", ".join(found.names), "maintenance": len(found.maintenance) or ""}
    told["password"] = f"made {shown(account)}" if account else ""
    told["open claim"] = f"until {shown(open_[0].expires)}" if open_ else ""
    emit({name: value for name, value in told.items() if value not in ("", None)}, json=False)
    rows = [
        {"certificate": one.serial, "until": shown(one.ends), "by": one.why, "revoked": one.reason}
        for one in issued
    ]
    if rows:
        emit(rows, json=False)


@device.command()
@click.argument("device")
@click.option("--why", required=True, help="Kept in the audit trail, and shown with the device.")
@click.option("--stolen", is_flag=True, help="Or cloned: revoke its certificates; it needs a new claim.")
@click.pass_context
def disable(context: click.Context, device: str, why: str, *, stolen: bool) -> None:
    """Shut a device out until it is enabled."""
    with opened(load(context)) as desk, desk.db.begin() as tx:
        found = desk.fleet.ending.disable(tx, SYSTEM, device, why=_why(why), stolen=stolen)
    click.echo(f"{device} is {found.state}")


@device.command()
@click.argument("device")
@click.option("--why", default="", help="Kept in the audit trail.")
@click.pass_context
def enable(context: click.Context, device: str, why: str) -> None:
    """Let a device in again."""
    with opened(load(context)) as desk, desk.db.begin() as tx:
        found = desk.fleet.registry.enable(tx, SYSTEM, device, why=_why(why))
    click.echo(f"{device} is {found.state}")


@device.command()
@click.argument("device")
@click.option("--why", required=True, help="Kept in the audit trail, and shown with the device.")
@click.option("--yes", is_flag=True, help="Do it: it cannot be taken back.")
@click.pass_context
def retire(context: click.Context, device: str, why: str, *, yes: bool) -> None:
    """End a device's life: its certificates are revoked, its id is never given again."""
    if not yes:
        click.confirm(f"{device} comes back under another id only. Go on?", abort=True)
    with opened(load(context)) as desk, desk.db.begin() as tx:
        found = desk.fleet.ending.retire(tx, SYSTEM, device, why=_why(why))
    click.echo(f"{device} is {found.state}")


device.add_command(ca)
device.add_command(command)
device.add_command(rollout)
device.add_command(shadow)
device.add_command(import_)
device.add_command(export)
device.add_command(version)


def _why(said: str) -> str:
    return f"{said} ({by()})" if said else by()


def _expiring(context: click.Context, site: str, *, json: bool) -> None:
    """Devices with whose certificates somebody has to do something, first to end first."""
    from devices.enrolment.findings import findings

    with opened(load(context)) as desk, desk.db.read() as tx:
        found = [one for one in findings(tx, desk.fleet.renewal) if site in {"", one.site}]
    if json:
        emit([asdict(one) for one in found], json=True)
        return
    if not found:
        click.echo("No certificate needs anybody's hands.")
        return
    rows = [
        {
            "device": one.device,
            "site": one.site,
            "until": shown(one.ends),
            "what": one.what.value,
            "do": _CURES[one.what].format(device=one.device) + (f" ({one.reason})" if one.reason else ""),
        }
        for one in found
    ]
    emit(rows, json=False)


def _words(found: dict[str, str]) -> str:
    return ", ".join(f"{key}={said}" for key, said in found.items())


def _row(one: Device, *, json: bool) -> dict[str, Any]:
    if json:
        return {name: getattr(one, name) for name in Device.__struct_fields__}
    return {
        "device": one.device,
        "kind": one.kind.value,
        "site": one.site,
        "title": one.title,
        "operator": one.operator,
        "state": one.state.value,
        "enrolled": shown(one.enrolled),
    }
