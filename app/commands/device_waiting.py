"""Waiting for commands to end: what is said meanwhile, what at the end, and with which exit status."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

from app.commands.api import call, pages
from runtime.cli import emit

WELL: Final = 0
ILL: Final = 1  # at least one ended otherwise than done
OPEN: Final = 3  # some have not ended
ENDED: Final = ("done", "failed", "refused", "expired", "withdrawn", "timed-out")
_PAUSE: Final = 0.5  # seconds between looks
_LISTED: Final = 50  # devices that are named at the end
Command = TypeVar("Command", bound=Callable[..., Any])


def wait_option(command: Command) -> Command:
    """Add `--wait [SECONDS]` (argument `wait`): None where it is not given, infinite without a number."""
    return click.option(
        "--wait",
        type=click.FloatRange(min=0),
        is_flag=False,
        flag_value=math.inf,
        default=None,
        metavar="[SECONDS]",
        help="Wait for the end, at most so long; exit with 0: done, 1: ended otherwise, 3: not over.",
    )(command)


def one(api: str, made: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The command once it is over, or as it is when the time is up."""
    until = time.monotonic() + seconds
    while made["state"] not in ENDED and (left := until - time.monotonic()) > 0:
        time.sleep(min(_PAUSE, left))
        made = call(api, "GET", f"/api/v1/commands/{made['id']}")
    return made


def many(api: str, made: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The bulk once all are over, or as it is when the time is up; says on stderr how far it is."""
    until = time.monotonic() + seconds
    said = ""
    while True:
        if (told := _far(made)) != said:
            _say(said := told)
        if made["over"] >= made["total"] or (left := until - time.monotonic()) <= 0:
            break
        time.sleep(min(_PAUSE, left))
        made = call(api, "GET", f"/api/v1/commands/bulks/{made['id']}")
    if sys.stderr.isatty():
        click.echo(err=True)
    return made


def summary(api: str, bulk: dict[str, Any], *, json: bool) -> None:
    """A bulk, and the devices that are not done, each with its reason."""
    wanted = [state for state in bulk["states"] if state != "done"]
    params = {"bulk": bulk["id"], "state": wanted}
    left = list(pages(api, "/api/v1/commands", params, bulk["total"] if json else _LISTED)) if wanted else []
    rows = [{name: row[name] for name in ("device", "state", "reason")} for row in left]
    if json:
        emit({**bulk, "not_done": rows}, json=True)
        return
    emit({"id": bulk["id"], "type": bulk["type"], "devices": bulk["total"], **bulk["states"]}, json=False)
    if rows:
        most = sum(bulk["states"][state] for state in wanted)
        title = "not done" if most <= len(rows) else f"not done: {len(rows)} of {most}"
        emit(rows, json=False, title=title)


def status(states: Mapping[str, int]) -> int:
    """Exit status for how many commands stand where."""
    if any(count and state not in ENDED for state, count in states.items()):
        return OPEN
    return ILL if any(count and state != "done" for state, count in states.items()) else WELL


def _far(bulk: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{count} {state}" for state, count in sorted(bulk["states"].items()))
    return f"{bulk['over']} of {bulk['total']} over: {parts}"


def _say(text: str) -> None:
    """In place on a terminal, else a line each."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
    else:
        click.echo(text, err=True)
