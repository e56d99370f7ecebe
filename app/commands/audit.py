"""`imm audit`: look into the audit trail, take it out, and find out whether somebody changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from app.commands.api import instant, shown
from app.settings import Settings, load
from city.audit import CHAINS, CITY, Filters, Kept, Witness, export, page, verify
from city.audit.history import HISTORY
from city.audit.seals import MARK, Sign
from city.db import Database, check
from city.privacy import holder
from runtime.cli import Failure, emit, json_option
from runtime.clock import System

_AT_ONCE: Final = 500
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def audit() -> None:
    """See who saw or changed what, and prove that nobody changed the record of it."""


def _choosing(command: Command) -> Command:
    for option in (
        click.option("--to", "until", help="ISO 8601; not itself."),
        click.option("--from", "since", help="ISO 8601; Asia/Jakarta where no offset is given."),
        click.option("--unit", default=""),
        click.option("--action", default="", help="As viewed, changed."),
        click.option("--record", default="", help="Its id."),
        click.option("--kind", default="", help="Of the record: identity.person."),
        click.option("--by", default="", help="Id of a person or an app."),
        click.option("--chain", default=CITY, show_default=True, type=click.Choice(CHAINS)),
    ):
        command = option(command)
    return command


@audit.command("list")
@_choosing
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
@click.pass_context
def list_(
    context: click.Context, /, since: str | None, until: str | None, limit: int, *, json: bool, **chosen: str
) -> None:
    """Entries, newest first."""
    filters = _filters(since, until, chosen)
    with _opened(load(context)) as db:
        found = list(_pages(db, filters, limit))
    if not found and not json:
        click.echo("No entries: nothing was noted yet, or nothing matches.")
        return
    emit([_row(entry, json=json) for entry in found], json=json)


@audit.command("export")
@_choosing
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file; else stdout.")
@click.pass_context
def export_(
    context: click.Context, /, since: str | None, until: str | None, output: Path | None, **chosen: str
) -> None:
    """Write entries as JSON lines, each seal after its entries."""
    filters = _filters(since, until, chosen)
    if output is not None and output.exists():
        raise Failure(f"{output} exists", "an export never replaces another", "name a new file")
    with _opened(load(context)) as db:
        lines = export.lines(db, filters)
        if output is None:
            for line in lines:
                click.echo(line)
            return
        with output.open("xb") as file:
            file.writelines(line + b"\n" for line in lines)


@audit.command("verify")
@click.option("--chain", "chains", multiple=True, default=CHAINS, type=click.Choice(CHAINS))
@click.option("--witness", type=click.Path(path_type=Path, file_okay=False), help="Folder of another copy.")
@click.option("--without-key", is_flag=True, help="Do not check who made the seals: where the key is lost.")
@json_option
@click.pass_context
def verify_(
    context: click.Context, chains: tuple[str, ...], witness: Path | None, *, without_key: bool, json: bool
) -> None:
    """Look at every entry and seal. Exit status 1 where something was changed; says what and how."""
    settings = load(context)
    sign = None if without_key else _sign(settings)
    folder = witness or settings.audit.witness
    with _opened(settings) as db:
        found = [
            verify.verify(db, chain, Witness(folder, chain, clock=System()), sign=sign) for chain in chains
        ]
    if json:
        emit([{"ok": report.ok, **msgspec.to_builtins(report)} for report in found], json=True)
    else:
        for report in found:
            _tell(report)
    if not all(report.ok for report in found):
        context.exit(1)


@audit.command()
@click.option("--chain", "chains", multiple=True, default=CHAINS, type=click.Choice(CHAINS))
@click.option("--by", required=True, help="Who declares it.")
@click.option("--why", required=True, help="What happened, and which backup was put back.")
@click.option("--yes", is_flag=True, help="Do it: it cannot be taken back, and shows in each verification.")
@click.pass_context
def restored(context: click.Context, chains: tuple[str, ...], by: str, why: str, *, yes: bool) -> None:
    """Declare that a backup of the database was put back: seals made after it are lost."""
    if not yes:
        raise Failure("nothing was declared", "this cannot be taken back", "say --yes")
    settings = load(context)
    with _opened(settings) as db:
        for chain in chains:
            line = Witness(settings.audit.witness, chain, clock=System()).restored(db, f"{by}: {why}")
            click.echo(f"{chain}: goes on after seal {line.seal}")


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    db = Database.of(settings.city)
    try:
        check(db, [HISTORY])
        yield db
    finally:
        db.close()


def _filters(since: str | None, until: str | None, chosen: dict[str, str]) -> Filters:
    return Filters(since=instant(since), until=instant(until), **chosen)


def _pages(db: Database, filters: Filters, most: int) -> Iterator[Kept]:
    before: int | None = None
    while most > 0:
        with db.read() as tx:
            found = page(tx, filters, before=before, limit=min(_AT_ONCE, most))
        yield from found
        if len(found) < _AT_ONCE:
            return
        before, most = found[-1].id, most - len(found)


def _row(entry: Kept, *, json: bool) -> dict[str, Any]:
    told = {
        "id": entry.id,
        "time": entry.time if json else shown(entry.time),
        "by": entry.by,
        "action": entry.action,
        "kind": entry.kind,
        "record": entry.record,
        "fields": entry.fields if json else " ".join(entry.fields),
        "why": entry.why,
    }
    rest = {"unit": entry.unit, "request": entry.request, "seal": entry.seal, "chain": entry.chain}
    return told | rest if json else told


def _sign(settings: Settings) -> Sign:
    keys = holder(settings.privacy, clock=System())
    if not keys.known():
        raise Failure(
            "the seals' marks cannot be checked",
            f"there are no keys in {keys.where}",
            "put it back, or say --without-key",
        )
    return partial(keys.mac, MARK)


def _tell(report: verify.Report) -> None:
    span = (
        f"seals {report.first}–{report.last}, {report.entries:,} entries" if report.last else "no seals yet"
    )
    click.echo(f"{report.chain}: {span}, {report.waiting:,} not sealed yet")
    for notice in report.notices:
        click.echo(f"  note: {notice}")
    for fault in report.faults:
        at = f"seal {fault.seal}" if fault.seal is not None else "outside the seals"
        row = f", entry {fault.entry}" if fault.entry is not None else ""
        click.echo(f"  {fault.how}: {at}{row}: {fault.reason}")
    if report.count > len(report.faults):
        click.echo(f"  and {report.count - len(report.faults):,} more")
    click.echo("  nothing was changed" if report.ok else f"  {report.count:,} faults")
