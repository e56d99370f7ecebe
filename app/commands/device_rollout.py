"""`imm device rollout`: change many devices in stages."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from app.commands.api import api_option, call, pages, shown
from app.commands.device_command import once, texts, values
from runtime.cli import emit, json_option


@click.group()
def rollout() -> None:
    """Change many devices, first one, then some, then all; through the running platform."""


@rollout.command()
@api_option
@click.argument("words", nargs=-1, required=True, metavar="KEY=VALUE…")
@click.option("--site", default="")
@click.option("--kind", default=None)
@click.option("--operator", default="")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE")
@click.option("--title", default="", help="What people call it.")
@click.option("--why", default="", help="Kept in the audit trail.")
@click.option("--canary", default=1, show_default=True, help="Devices of the first stage.")
@click.option("--share", default=10, show_default=True, help="Per cent of the second.")
@click.option("--soak", default=300, show_default=True, help="Seconds to watch a stage.")
@click.option("--patience", default=600, show_default=True, help="Seconds for a device that is online.")
@click.option("--tolerance", default=0, show_default=True, help="Per cent of failures that it bears.")
@click.option("--yes", is_flag=True, help="Begin. Without it: only say who would change, from what to what.")
@json_option
def start(
    api: str,
    words: tuple[str, ...],
    labels: tuple[str, ...],
    title: str,
    why: str,
    *,
    json: bool,
    yes: bool,
    **told: Any,
) -> None:
    """Begin a change; a preview without --yes."""
    whom = {name: told.pop(name) for name in ("site", "kind", "operator")} | {"labels": texts(labels)}
    trial = {"whom": whom, "values": values(words), "care": told}
    if yes:
        body = {**trial, "title": title or " ".join(words), "why": why}
        made = call(api, "POST", "/api/v1/rollouts", json=body, headers=once())
        emit(made if json else _row(made), json=json)
        return
    found = call(api, "POST", "/api/v1/rollouts/preview", json=trial)
    if json:
        emit(found, json=True)
        return
    stages = " → ".join(str(count) for count in found["stages"])
    rows = [
        {"device": row["device"], "key": one["key"], "from": _text(one["before"]), "to": _text(one["after"])}
        for row in found["rows"]
        for one in row["changes"]
    ]
    emit(rows, json=False, title=f"{found['total']} devices would change ({stages}); --yes begins")


@rollout.command("list")
@api_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def list_(api: str, limit: int, *, json: bool) -> None:
    """Rollouts, newest first."""
    found = list(pages(api, "/api/v1/rollouts", {}, limit))
    if not found and not json:
        click.echo("No rollouts yet: imm device rollout start KEY=VALUE --site …")
        return
    emit(found if json else [_row(one) for one in found], json=json)


@rollout.command()
@api_option
@click.argument("id_", metavar="ID")
@json_option
def show(api: str, id_: str, *, json: bool) -> None:
    """One rollout and its devices, in the order of their turn."""
    found = call(api, "GET", f"/api/v1/rollouts/{id_}")
    devices = list(pages(api, f"/api/v1/rollouts/{id_}/devices", {}, 10_000))
    if json:
        emit({**found, "devices": devices}, json=True)
        return
    emit(_row(found), json=False)
    emit([{name: one[name] for name in ("device", "state", "reason")} for one in devices], json=False)


def _step(name: str, about: str) -> None:
    @rollout.command(name, help=about)
    @api_option
    @click.argument("id_", metavar="ID")
    @click.option("--why", required=True, help="Kept in the audit trail.")
    def act(api: str, id_: str, why: str) -> None:
        path = f"/api/v1/rollouts/{id_}/{name}"
        found = call(api, "POST", path, json={"why": why}, headers={"If-Match": "*"})
        click.echo(f"{found['title']} is {found['state']}.")


_step("pause", "Change no further device for now.")
_step("resume", "Go on.")
_step("abort", "End it, and take the change back.")
_step("leave", "End it, and leave as they are the devices that have it.")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "title": one["title"],
        "state": one["state"],
        "stage": one["stage"] + 1,
        "devices": ", ".join(f"{count} {state}" for state, count in sorted(one["counts"].items())),
        "since": shown(one["changed"]),
        "reason": one["reason"],
    }


def _text(value: Any) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()
