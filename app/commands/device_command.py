"""`imm device command`: have devices do something, and see what became of it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import click
import msgspec

from app.commands import device_waiting as waiting
from app.commands.api import api_option, call, pages, shown
from contracts.commands import Type, typed
from runtime.cli import Failure, emit, json_option

_TYPES: Final = click.Choice([one.value for one in Type])


@click.group()
def command() -> None:
    """Have devices do something; through the running platform."""


@command.command()
@api_option
@click.argument("device")
@click.argument("type_", metavar="TYPE", type=_TYPES)
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="An argument of the command.")
@click.option("--why", required=True, help="Kept in the audit trail.")
@click.option("--seconds", default=300, show_default=True, help="Within which it must be begun.")
@waiting.wait_option
@json_option
@click.pass_context
def send(
    context: click.Context,
    /,
    api: str,
    device: str,
    type_: str,
    words: tuple[str, ...],
    *,
    json: bool,
    wait: float | None,
    **told: Any,
) -> None:
    """Have one device do something."""
    body = {"type": type_, "arguments": typed(type_, texts(words)), **told}
    made = call(api, "POST", f"/api/v1/devices/{device}/commands", json=body, headers=once())
    if wait is not None:
        made = waiting.one(api, made, wait)
    emit(made if json else _row(made), json=json)
    if wait is not None:
        context.exit(waiting.status({made["state"]: 1}))


@command.command("send-many")
@api_option
@click.argument("type_", metavar="TYPE", type=_TYPES)
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="An argument of the command.")
@click.option("--site", default="")
@click.option("--kind", default=None)
@click.option("--operator", default="")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE")
@click.option("--why", required=True, help="Kept in the audit trail.")
@click.option("--seconds", default=300, show_default=True, help="Within which it must be begun.")
@click.option("--yes", is_flag=True, help="Do it. Without it: only say whom it would reach.")
@waiting.wait_option
@json_option
@click.pass_context
def send_many(
    context: click.Context,
    /,
    api: str,
    type_: str,
    words: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    json: bool,
    yes: bool,
    wait: float | None,
    **told: Any,
) -> None:
    """Have all devices that match do something; a preview without --yes."""
    whom = {name: told.pop(name) for name in ("site", "kind", "operator")} | {"labels": texts(labels)}
    if not yes:
        found = call(api, "POST", "/api/v1/commands/preview", json={"type": type_, "whom": whom})
        emit(
            found if json else {"devices": len(found["devices"]), "left out": len(found["left_out"])},
            json=json,
        )
        return
    body = {"type": type_, "arguments": typed(type_, texts(words)), "whom": whom, **told}
    made = call(api, "POST", "/api/v1/commands", json=body, headers=once())
    if wait is None:
        emit(made, json=json)
    else:
        _followed(context, api, made, wait, json=json)


@command.command()
@api_option
@click.argument("id_", metavar="BULK")
@waiting.wait_option
@json_option
@click.pass_context
def bulk(context: click.Context, /, api: str, id_: str, *, wait: float | None, json: bool) -> None:
    """How far a command to many is, and which devices are not done."""
    found = call(api, "GET", f"/api/v1/commands/bulks/{id_}")
    if wait is None:
        waiting.summary(api, found, json=json)
    else:
        _followed(context, api, found, wait, json=json)


@command.command()
@api_option
@click.argument("id_", metavar="ID")
@click.option("--bulk", "whole", is_flag=True, help="ID is of a command to many: all that have not left.")
@click.option("--why", required=True, help="Kept in the audit trail.")
@json_option
def withdraw(api: str, id_: str, why: str, *, whole: bool, json: bool) -> None:
    """Take back a command that has not left for its device."""
    if whole:
        found = call(api, "POST", f"/api/v1/commands/bulks/{id_}/withdraw", json={"why": why})
        waiting.summary(api, found, json=json)
        return
    path = f"/api/v1/commands/{id_}/withdraw"
    found = call(api, "POST", path, json={"why": why}, headers={"If-Match": "*"})
    emit(found if json else _row(found), json=json)


def _followed(context: click.Context, api: str, made: dict[str, Any], wait: float, *, json: bool) -> None:
    """Wait for a bulk; how far it came is said, and is the exit status."""
    made = waiting.many(api, made, wait)
    waiting.summary(api, made, json=json)
    context.exit(waiting.status(made["states"]))


@command.command("list")
@api_option
@click.option("--device", default="")
@click.option("--state", multiple=True)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def list_(api: str, device: str, state: tuple[str, ...], limit: int, *, json: bool) -> None:
    """Commands, newest first."""
    found = list(pages(api, "/api/v1/commands", {"device": device, "state": list(state)}, limit))
    if not found and not json:
        click.echo("No commands yet: imm device command send DEVICE TYPE --why …")
        return
    emit(found if json else [_row(one) for one in found], json=json)


@command.command()
@api_option
@click.argument("id_", metavar="ID")
@json_option
def show(api: str, id_: str, *, json: bool) -> None:
    """One command with its history and what it gave."""
    found = call(api, "GET", f"/api/v1/commands/{id_}")
    if json:
        emit(found, json=True)
        return
    emit({**_row(found), "value": msgspec.json.encode(found["value"]).decode()}, json=False)
    emit([{**line, "time": shown(line["time"])} for line in found["history"]], json=False)


def values(words: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE → values as JSON has them; what is no JSON is text. Raises Failure."""
    return {name: _value(text) for name, text in texts(words).items()}


def texts(words: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE → name and text. Raises Failure."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise Failure(f"{word} cannot be read", "it has no =", "write NAME=VALUE, such as volume=30")
        found[name] = text
    return found


def once() -> dict[str, str]:
    """Header by which a request that is sent twice is done once."""
    return {"Idempotency-Key": str(uuid4())}


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "device": one["device"],
        "type": one["type"],
        "state": one["state"],
        "since": shown(one["since"]),
        "by": one["by_name"],
        "reason": one["reason"],
    }
