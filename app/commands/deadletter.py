"""`imm deadletter`: refused messages, why, and taking them in again after a fix."""

from __future__ import annotations

import base64
from typing import Any

import click

from app.commands.api import api_option, call, pages, shown
from runtime.cli import Failure, emit, json_option


@click.group()
def deadletter() -> None:
    """List, show and replay refused messages."""


@deadletter.command("list")
@api_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--replayed", is_flag=True, help="Also those that were taken in again.")
@json_option
def list_(api: str, limit: int, *, replayed: bool, json: bool) -> None:
    """Oldest first, with field and reason."""
    letters = list(pages(api, "/api/v1/dead-letters", {"replayed": replayed}, limit))
    if json:
        emit(letters, json=True)
    elif not letters:
        click.echo("No dead letters: nothing was refused.")
    else:
        emit(
            [
                {
                    "id": letter["id"],
                    "received": shown(letter["received"]),
                    "device": letter["device"],
                    "field": letter["field"],
                    "reason": letter["reason"],
                }
                for letter in letters
            ],
            json=False,
        )


@deadletter.command()
@api_option
@click.argument("letter")
@json_option
def show(api: str, letter: str, *, json: bool) -> None:
    """One letter with its payload."""
    for found in pages(api, "/api/v1/dead-letters", {"replayed": True}, 1_000_000):
        if found["id"] == letter:
            payload = base64.b64decode(found.pop("payload"))
            text = payload.decode("utf-8", "backslashreplace")
            times = {} if json else {key: shown(found[key]) for key in ("received", "replayed")}
            emit({**found, **times, "payload": text}, json=json)
            return
    raise Failure(f"no dead letter {letter}", "none has this id", "take it from `imm deadletter list`")


@deadletter.command()
@api_option
@click.argument("letters", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that wait for a decision.")
@click.option("--yes", is_flag=True, help="Do it. Without it: only say what would become of them.")
@json_option
def replay(api: str, letters: tuple[str, ...], *, everything: bool, yes: bool, json: bool) -> None:
    """Take letters in again through the same stages; a dry run without --yes."""
    ids = (
        [letter["id"] for letter in pages(api, "/api/v1/dead-letters", {}, 1_000_000)]
        if everything
        else letters
    )
    if not ids:
        click.echo("No letter named: give ids, or --all.")
        return
    outcomes = []
    for first in range(0, len(ids), 500):
        body = {"ids": list(ids[first : first + 500]), "dry": not yes}
        outcomes += call(api, "POST", "/api/v1/dead-letters/replay", json=body)
    rows = outcomes if json else [_told(one) for one in outcomes]
    emit(rows, json=json, title="Taken in again" if yes else "What would become of them (--yes does it)")


def _told(outcome: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: what is stored anew or otherwise, the first of it in words."""
    changes = outcome["changes"]
    words = ""
    if changes:
        one = changes[0]
        before = "nothing" if one["stored"] is None else one["stored"]
        words = f"{one['series']['metric']} at {shown(one['time'])}: {before} → {one['value']}"
        if len(changes) > 1:
            words += f", and {len(changes) - 1:,} more"
    return {
        "id": outcome["id"],
        "accepted": "yes" if outcome["accepted"] else "no",
        "samples": outcome["samples"],
        "same": outcome["same"],
        "changes": words or outcome["reason"],
    }
