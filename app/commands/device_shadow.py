"""`imm device shadow`: what a device should be like, and what differs."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from app.commands.api import api_option, call, pages, shown
from app.commands.device_command import values
from runtime.cli import emit, json_option


@click.group()
def shadow() -> None:
    """See and say what a device should be like; through the running platform."""


@shadow.command()
@api_option
@click.argument("device")
@json_option
def show(api: str, device: str, *, json: bool) -> None:
    """What a device should be like, what it is like, and since when and why that differs."""
    found = call(api, "GET", f"/api/v1/devices/{device}/shadow")
    if json:
        emit(found, json=True)
        return
    held = found["reported"] or {"values": {}, "version": 0}
    differs = {one["key"]: one for one in found["differences"]}
    emit(
        [
            {
                "key": key,
                "desired": _text(found["values"].get(key)),
                "reported": _text(held["values"].get(key)),
                "since": shown(differs[key]["since"]) if key in differs else "",
                "why": differs[key]["why"] if key in differs else "",
            }
            for key in sorted({*found["values"], *held["values"]})
        ],
        json=False,
        title=f"{device}: version {found['version']}, dealt with {held['version']}",
    )


@shadow.command("set")
@api_option
@click.argument("device")
@click.argument("words", nargs=-1, required=True, metavar="KEY=VALUE…")
@click.option("--why", required=True, help="Kept in the audit trail.")
@click.option("--seen", type=int, help="Version that you have seen; another by now is refused.")
@json_option
def set_(api: str, device: str, words: tuple[str, ...], why: str, seen: int | None, *, json: bool) -> None:
    """Change what a device should be like; KEY=null takes a key away."""
    tag = "*" if seen is None else f'"{seen}"'
    body = {"values": values(words), "why": why}
    found = call(api, "PATCH", f"/api/v1/devices/{device}/shadow", json=body, headers={"If-Match": tag})
    if json:
        emit(found, json=True)
    else:
        click.echo(f"{device} should be so from version {found['version']} on.")


@shadow.command()
@api_option
@click.argument("device")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def history(api: str, device: str, limit: int, *, json: bool) -> None:
    """What it should have been like, newest first."""
    found = list(pages(api, f"/api/v1/devices/{device}/shadow/history", {}, limit))
    emit(found if json else [_version(one) for one in found], json=json)


@shadow.command()
@api_option
@click.argument("device")
@click.argument("version", type=int)
@click.option("--why", required=True, help="Kept in the audit trail.")
def restore(api: str, device: str, version: int, why: str) -> None:
    """Desire again what a version said."""
    body = {"version": version, "why": why}
    found = call(
        api, "POST", f"/api/v1/devices/{device}/shadow/restore", json=body, headers={"If-Match": "*"}
    )
    click.echo(f"{device} should be as in version {version} again: that is version {found['version']}.")


def _version(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": one["version"],
        "time": shown(one["time"]),
        "by": one["by_name"],
        "why": one["why"],
        "values": _text(one["values"]),
    }


def _text(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
