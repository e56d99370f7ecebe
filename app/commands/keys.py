"""`imm keys`: the keys under which personal data lies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from app.commands.api import shown
from app.settings import load
from city.audit import Trail
from city.db import Database, check
from city.identity import history as identity_history
from city.identity.lookups import CONTACTS
from city.privacy import Keys, Vault, holder, lookups, rotation
from city.privacy.history import HISTORY
from runtime.cli import Failure, emit, json_option
from runtime.clock import System

LOOKUPS: Final = (lookups.OURS, CONTACTS)  # what is looked up by keyed hashes


@click.group()
def keys() -> None:
    """See, rotate and retire the keys under which personal data lies."""


@keys.command()
@json_option
@click.pass_context
def status(context: click.Context, *, json: bool) -> None:
    """All keys: how many records each one wraps, how many values are looked up by it."""
    with _opened(context) as (db, file):
        wrapping, looking = rotation.status(db, file), lookups.status(db, file, LOOKUPS)
    rows = [_row(state, "records", json=json) for state in wrapping]
    rows += [_row(state, "look-ups", json=json) for state in looking if wrapping]
    if not rows and not json:
        click.echo("No keys yet: the first start of the platform makes one.")
        return
    emit(rows, json=json)


@keys.command()
@click.pass_context
def prepare(context: click.Context) -> None:
    """Make the next keys without using them, where several machines need the file first."""
    with _opened(context) as (db, file):
        made = f"{rotation.prepare(db, file)} and {lookups.prepare(db, file)}"
    then = "copy the file to each machine, then " if isinstance(file.where, Path) else ""
    click.echo(f"{made} are in {file.where}: {then}`imm keys rotate`")


@keys.command()
@click.option("--batch", default=200, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@click.pass_context
def rotate(context: click.Context, batch: int, *, json: bool) -> None:
    """Bring all records and look-ups under new keys while all goes on; run it again where it was cut off."""
    with _opened(context) as (db, file):
        done = rotation.rotate(db, file, System(), batch=batch, told=_counted("records"))
        vault = Vault(db, file, clock=System())
        found = lookups.rotate(db, vault, LOOKUPS, System(), batch=batch, told=_counted("look-ups"))
    emit(
        {
            "current key": done.key,
            "records": done.wrapped,
            "still under old keys": done.left,
            "cannot be opened": len(done.failed),
            "key of look-ups": found.generation,
            "look-ups": found.moved,
            "still by old keys": found.left,
            "an earlier rotation was ended": done.resumed or found.resumed,
        },
        json=json,
    )
    lost = [*(f"{kind} {record}" for kind, record in done.failed), *found.failed]
    if lost:
        raise Failure(
            f"{len(lost)} records cannot be opened",
            f"the first is {lost[0]}",
            "see `imm keys status` for a missing key, and `imm audit verify`",
        )


@keys.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do it: it cannot be taken back.")
@click.pass_context
def retire(context: click.Context, key: str, *, yes: bool) -> None:
    """Destroy an old key that wraps nothing any more. Backups made before the rotation are of no use then."""
    if not yes:
        raise Failure(f"{key} was not destroyed", "backups that need it could not be opened", "say --yes")
    with _opened(context) as (db, file):
        (lookups if key in file.generations() else rotation).retire(db, file, key)
    click.echo(f"{key} is destroyed")


@keys.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do it: it cannot be taken back.")
@click.pass_context
def lost(context: click.Context, key: str, *, yes: bool) -> None:
    """Give up a key of which there is no copy any more: its records count as erased."""
    if not yes:
        raise Failure(f"{key} was not given up", "its records would be erased", "say --yes")
    with _opened(context) as (db, file):
        gone = rotation.abandon(db, Vault(db, file, clock=System()), key, Trail(clock=System()))
    click.echo(f"{key} is given up: {gone:,} records are erased")


@contextmanager
def _opened(context: click.Context) -> Iterator[tuple[Database, Keys]]:
    settings = load(context)
    db = Database.of(settings.city)
    try:
        check(db, [HISTORY, identity_history.HISTORY])
        yield db, holder(settings.privacy, clock=System())
    finally:
        db.close()


def _counted(what: str) -> Callable[[int], None]:
    """Shows on a terminal how far a rotation has come."""

    def count(number: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{number:,} {what}", nl=False, err=True)

    return count


def _row(state: rotation.State, of: str, *, json: bool) -> dict[str, Any]:
    times = {"made": state.made or None, "since": state.since or None}
    told = times if json else {name: shown(time) for name, time in times.items()}
    return {"key": state.id or "root", "for": of, "state": state.word, **told, "records": state.records}
